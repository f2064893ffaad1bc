/*
 * How pages look. One set of rules for light, dark and paper: colours are variables that
 * `light-dark()` chooses, and drawings take them as well. The curves' colours are Okabe and Ito's,
 * which people with any colour vision tell apart, darkened or lightened to be read on their ground.
 */
export const STYLE = `
:root{color-scheme:light dark;--ground:light-dark(#fff,#16181c);--card:light-dark(#f6f7f9,#1f2228);--ink:light-dark(#1b1f24,#e6e8eb);--faint:light-dark(#59636e,#9aa4af);--rule:light-dark(#d5dae0,#3a3f47);--accent:light-dark(#0b57a4,#7ab8ff);--good:light-dark(#1a6e3c,#6fcf97);--bad:light-dark(#b3261e,#ff8a80);--warn:light-dark(#8a5300,#f0b254);
--c0:light-dark(#0067b1,#56b4e9);--c1:light-dark(#b34700,#ff9e4a);--c2:light-dark(#00734f,#3ecf9f);--c3:light-dark(#a13d7d,#e497c6);--c4:light-dark(#7a6200,#e6d24a);--c5:light-dark(#5b4bb5,#b0a4f5);--c6:light-dark(#3d4852,#c3ccd6);--c7:light-dark(#8c1c13,#ff7b6b)}
:root[data-theme=light]{color-scheme:light}:root[data-theme=dark]{color-scheme:dark}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:0 1.2rem 4rem;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
h1{font-size:1.7rem;margin:1.6rem 0 .2rem}h2{font-size:1.25rem;margin:2.4rem 0 .8rem;border-bottom:1px solid var(--rule);padding-bottom:.3rem}
a{color:var(--accent)}code{font:0.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.faint,small{color:var(--faint);font-weight:400}td small,th small{display:block}
.skip{position:absolute;left:-99em}.skip:focus{left:1em;top:1em;background:var(--card);padding:.5em}
header p{margin:.1rem 0;color:var(--faint)}
nav{position:sticky;top:0;background:var(--ground);border-bottom:1px solid var(--rule);padding:.5rem 0;z-index:2;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;align-items:center}
nav button{margin-left:auto}
button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.15rem .6rem;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
section{scroll-margin-top:3rem}
figure{margin:0 0 1.4rem;break-inside:avoid}figcaption{font-weight:600;margin-bottom:.4rem}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,500px),1fr));gap:1.2rem 2rem}
.plots>*{min-width:0}.plots>.pictures,.plots>.table,.plots>.confusion{grid-column:1/-1}
.scroll{overflow-x:auto;max-width:100%}.scroll.wide svg{max-width:none}
svg{max-width:100%;height:auto;overflow:visible;font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
svg text{fill:var(--ink)}.axis text,.node .more{fill:var(--faint)}.axis .label{fill:var(--ink)}
.axis .over{paint-order:stroke;stroke:var(--ground);stroke-width:3px}
.grid{stroke:var(--rule);stroke-width:.7}.base{stroke:var(--faint);stroke-width:1}
.curve{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}.curve.faint{stroke-width:1;opacity:.3}
.dots{fill:var(--c)}.dots circle{opacity:.75}
${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `.c${n}{--c:var(--c${n})}`).join('')}
.d1{stroke-dasharray:6 4}.d2{stroke-dasharray:2 3}.d3{stroke-dasharray:9 3 2 3}
.marks rect{fill:transparent}.marks line{stroke:var(--faint);stroke-width:1;visibility:hidden}.marks g:hover line{visibility:visible}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:.3rem 0 .3rem 56px}.legend svg{margin-right:.4em}
.span rect{fill:var(--c)}
.edge{fill:none;stroke:var(--faint);stroke-width:1.3}.edge.older{stroke-dasharray:5 4}#arrow path{fill:var(--faint)}
.node rect{fill:var(--card);stroke:var(--rule);stroke-width:1.3}.node .name{font-weight:600}
.node.up-to-date rect,.node.frozen rect{stroke:var(--good)}.node.stale rect{stroke:var(--warn);stroke-dasharray:5 3}.node.restorable rect{stroke:var(--accent)}.node.undetermined rect{stroke-dasharray:2 3}
.node.run rect{stroke:var(--accent)}.node.source rect{stroke:var(--good);stroke-width:2}.node.deployment rect{stroke:var(--good);stroke-width:2.5}
path.run{fill:none;stroke:color-mix(in oklab,var(--c0) var(--mix),var(--c1));stroke-width:1.6;opacity:.75}
path.run.current{stroke-width:3.5;opacity:1}path.run:hover,path.run.lit{stroke-width:4;opacity:1;stroke:var(--ink)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;color:var(--faint);padding:.2rem 0;font-size:.9em}
.plot .data caption,#pipeline caption,#experiments caption{position:absolute;left:-99em}
.data{margin:.4rem 0 1rem}.data td{max-width:30rem}.data th,.data td{padding:.28rem .75rem .28rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
.data tbody th{font-weight:600}.data .number{text-align:right}.data thead th{color:var(--faint);font-weight:600;white-space:nowrap}
.data tr.current{background:var(--card)}.data tbody tr:hover{background:var(--card)}
.data thead button{all:unset;cursor:pointer}.data thead button:focus-visible{outline:2px solid var(--accent)}
th[aria-sort] button::after{content:' ↕';opacity:.45}th[aria-sort=ascending] button::after{content:' ↑';opacity:1}th[aria-sort=descending] button::after{content:' ↓';opacity:1}
.bar{display:block;position:relative;min-width:10rem;padding:0 .3rem;text-align:right}.bar i{position:absolute;inset:1px auto 1px 0;width:var(--part);background:var(--c);opacity:.35;border-radius:2px;print-color-adjust:exact}.bar b{position:relative;font-weight:400}
.confusion th{font-weight:400;font-size:.85em;text-align:right;padding:0 .5em}.confusion thead th span{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left}
.confusion thead th{vertical-align:bottom;padding:.3em 0}.confusion td{min-width:2.1em;height:2.1em;text-align:center;font-size:.85em;border:1px solid var(--rule);print-color-adjust:exact}.confusion thead td{border:0}
.confusion .right{background:color-mix(in oklab,var(--c0) calc(var(--share)*.55),transparent)}.confusion .wrong{background:color-mix(in oklab,var(--c1) calc(var(--share)*.9),transparent)}
.pictures ul,ul.pictures{list-style:none;padding:0;margin:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:1rem}
.pictures img{width:100%;max-height:320px;object-fit:contain;image-rendering:auto;border-radius:4px;background:var(--card)}.pictures li{break-inside:avoid;min-width:0}
.pictures dl{margin:.2rem 0 0;font-size:.85em}.pictures dl div{display:flex;gap:.4em}.pictures dt{color:var(--faint)}.pictures dd{margin:0;overflow-wrap:anywhere}
.tiles{display:flex;flex-wrap:wrap;gap:.8rem;margin:.4rem 0 1rem}.tiles div{background:var(--card);border-radius:8px;padding:.6rem 1rem;min-width:9rem}.tiles dt{font-size:.9em}.tiles dd{margin:0;font-size:1.5rem}.tiles dd.better,.tiles dd.worse{font-size:.85rem}
.better{color:var(--good)}.worse{color:var(--bad)}
.note{color:var(--warn);margin:.3rem 0}.nothing{color:var(--faint)}
details{margin:.3rem 0 1rem}summary{cursor:pointer;color:var(--accent)}
footer{margin-top:3rem;color:var(--faint);font-size:.9em}
@page{margin:14mm}
@media print{:root{color-scheme:light!important}nav,.skip,details:not([open]){display:none}
body{max-width:none;padding:0;font-size:11px}h1{margin-top:0}h2{margin-top:1.6rem;break-after:avoid}h3,caption,figcaption,summary{break-after:avoid}
.plots{grid-template-columns:1fr 1fr;gap:.6rem 1.4rem}.tiles{gap:.5rem}.tiles div{padding:.3rem .7rem;min-width:7rem}.tiles dd{font-size:1.1rem}
.pictures ul,ul.pictures{grid-template-columns:repeat(6,1fr)}
.scroll{overflow:visible}.scroll.wide svg{max-width:100%}thead{display:table-header-group}tr{break-inside:avoid}
.data thead button{display:contents}th[aria-sort] button::after{content:none}th[aria-sort=ascending] button::after{content:' ↑'}th[aria-sort=descending] button::after{content:' ↓'}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
`;

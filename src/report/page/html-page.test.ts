import { createHash } from 'node:crypto';
import { Window, type HTMLElement } from 'happy-dom';
import t, { type Test } from 'tap';
import { report } from '../../commands/report.ts';
import type { PlotsView } from '../../model/plot.ts';
import type { ReportView } from '../../model/report-views.ts';
import { valueOf } from '../../testing/fake-project.ts';
import { lookContext, measuredProject, tryOut } from '../../testing/measured-project.ts';
import { NOON, path, sampleRun, stage } from '../../testing/samples.ts';
import { plotsPage, reportPage, type PageOptions } from './html-page.ts';

const OPTIONS: PageOptions = {
  project: 'birds',
  now: NOON,
  sha256: (text) => createHash('sha256').update(text).digest('base64'),
};

/** The page as a browser has it, before or after its script ran. */
function opened(t: Test, text: string, { scripts = false } = {}) {
  const window = new Window({
    settings: {
      enableJavaScriptEvaluation: scripts,
      suppressInsecureJavaScriptEnvironmentWarning: true,
    },
  });
  t.teardown(() => window.happyDOM.close());
  window.document.write(text);
  return window.document;
}

async function measured(): Promise<ReportView> {
  const project = measuredProject();
  await tryOut(project, 'lr: 0.1\nseed: 1\n', true);
  await tryOut(project, 'lr: 0.4\nseed: 1\n');
  return valueOf(await report({ overrides: [] }, lookContext(project)));
}

t.test('every part is there, and reads without a script', async (t) => {
  const document = opened(t, reportPage(await measured(), OPTIONS));
  t.equal(document.title, 'birds: report');
  t.equal(document.documentElement.lang, 'en');
  t.same(
    [...document.querySelectorAll('main > section')].map((each) => each.id),
    ['metrics', 'pipeline', 'times', 'plots', 'experiments', 'artifacts', 'lineage'],
  );
  const rowsOf = (section: string) =>
    [...document.querySelectorAll(`#${section} table.data tbody tr`)].map((row) =>
      row.textContent.replace(/\s+/g, ' ').trim(),
    );
  t.match(rowsOf('pipeline'), [
    /^prepare ?clean data ✓ up to date/,
    /^train/,
    /^evaluate/,
    /^quantize/,
  ]);
  t.equal(rowsOf('experiments').length, 2);
  t.match(rowsOf('metrics').join('\n'), /accuracy train.json 0.6 0.9 ↑ more is better/);
  t.match(rowsOf('artifacts').join('\n'), /evaluation evaluate/);
  t.equal(document.querySelectorAll('#plots figure').length, 3);
  t.match(
    document.querySelector('#plots img')?.getAttribute('src'),
    /^data:image\/png;base64,iVBOR/,
  );
  t.equal(document.querySelectorAll('#experiments path.run').length, 2);
  t.equal(document.querySelectorAll('#pipeline .node').length, 4);
  t.equal(document.querySelectorAll('button').length, 0, 'nothing that needs the script is shown');
});

t.test('names, headings and tables as assistive technology needs them', async (t) => {
  const document = opened(t, reportPage(await measured(), OPTIONS));
  t.equal(document.querySelectorAll('h1').length, 1);
  const ids = [...document.querySelectorAll('[id]')].map((each) => each.id);
  t.equal(new Set(ids).size, ids.length, 'no id twice');
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    t.ok(document.getElementById(link.getAttribute('href')?.slice(1) ?? ''), link.textContent);
  }
  for (const part of document.querySelectorAll('[aria-labelledby]')) {
    t.ok(document.getElementById(part.getAttribute('aria-labelledby') ?? '')?.textContent);
  }
  for (const drawing of document.querySelectorAll('svg')) {
    const isNamed = drawing.getAttribute('role') === 'img' && drawing.getAttribute('aria-label');
    t.ok(isNamed || drawing.getAttribute('aria-hidden') === 'true', 'a drawing says what it shows');
  }
  for (const picture of document.querySelectorAll('img')) t.ok(picture.getAttribute('alt'));
  for (const table of document.querySelectorAll('table')) {
    t.ok(table.querySelector('caption')?.textContent.trim());
    t.ok(table.querySelectorAll('thead th[scope=col]').length > 0);
    const rows = [...table.querySelectorAll('tbody tr')];
    t.ok(rows.every((row) => row.querySelectorAll('th[scope=row]').length === 1));
  }
  for (const region of document.querySelectorAll('[role=region]')) {
    t.ok(region.getAttribute('aria-label'), 'what scrolls has a name');
    t.equal(region.getAttribute('tabindex'), '0', 'and is reached by keyboard');
  }
});

t.test('nothing leaves the file, and one script runs: its own', async (t) => {
  const text = reportPage(await measured(), OPTIONS);
  const document = opened(t, text);
  const policy = document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '';
  const scripts = [...document.querySelectorAll('script')];
  t.equal(scripts.length, 1);
  t.ok(policy.includes(`'sha256-${OPTIONS.sha256(scripts[0]?.textContent ?? '')}'`), policy);
  t.match(policy, /^default-src 'none'; img-src data:;/);
  const addresses = [...document.querySelectorAll('[src],[href]')].map(
    (each) => each.getAttribute('src') ?? each.getAttribute('href') ?? '',
  );
  t.same(
    addresses.filter((address) => !/^(data:image\/|#)/.test(address)),
    [],
  );
  t.notMatch(text, /@import|url\((?!#arrow)/);
});

t.test('with the script tables sort, by number where they hold numbers', async (t) => {
  const document = opened(t, reportPage(await measured(), OPTIONS), { scripts: true });
  const table = document.querySelector('#artifacts table') as unknown as HTMLElement;
  const column = (at: number) =>
    [...table.querySelectorAll('tbody tr')].map((row) => row.children[at]?.textContent.trim());
  const head = (at: number) => table.querySelectorAll('thead th')[at];
  t.equal(head(0)?.getAttribute('aria-sort'), 'none');
  head(0)?.querySelector('button')?.click();
  t.equal(head(0)?.getAttribute('aria-sort'), 'ascending');
  t.same(column(0), column(0).toSorted());
  head(0)?.querySelector('button')?.click();
  t.same(column(0), column(0).toSorted().toReversed());
  head(2)?.querySelector('button')?.click();
  t.equal(head(0)?.getAttribute('aria-sort'), 'none', 'one column at a time');
  const sizes = [...table.querySelectorAll('tbody tr')].map((row) =>
    Number(row.children[2]?.getAttribute('data-sort')),
  );
  t.same(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
});

const HOSTILE = `</script></style></title><script>alert(1)</script><img src=x onerror=alert(1)>"'\u202e`;

t.test('hostile names do nothing, wherever they come from', async (t) => {
  const name = stage('x');
  const run = sampleRun({
    stage: name,
    outs: { [HOSTILE]: { digest: sampleRun().fingerprint as never, size: 1 } },
    overrides: [HOSTILE],
    provenance: { ...sampleRun().provenance, user: HOSTILE, facts: { [HOSTILE]: HOSTILE } },
  });
  const view: ReportView = {
    ...{ madeAt: new Date(NOON).toISOString(), avian: HOSTILE, commit: HOSTILE },
    stages: [
      { name: HOSTILE as never, desc: HOSTILE, cmd: [HOSTILE], needs: [], verdict: 'stale', run },
      { name, cmd: [], needs: [HOSTILE as never], verdict: 'undetermined' },
    ],
    metrics: [{ path: path('m'), stage: name, name: HOSTILE, value: 1, direction: 'maximize' }],
    plots: hostilePlots(),
    experiments: {
      columns: [{ kind: 'param', key: HOSTILE, label: HOSTILE }],
      experiments: [1, 2].map((value) => ({
        ...{ id: run.id, runs: [], startedAt: run.startedAt, durationMs: 1, isCurrent: true },
        commits: [{ id: HOSTILE, subject: HOSTILE }],
        ...{ overrides: [HOSTILE], params: { [HOSTILE]: `${HOSTILE}${value}` }, metrics: {} },
      })),
      leftOut: 0,
    },
    lineage: {
      artifacts: [{ path: HOSTILE as never, digest: HOSTILE as never, size: 1, stage: name }],
      links: [{ from: HOSTILE as never, to: name, isOlder: true }],
      deployments: [
        {
          ...{ v: 1, name: HOSTILE, target: 'local', revision: HOSTILE, pid: 1, image: HOSTILE },
          ...{ url: 'javascript:alert(1)', startedAt: run.startedAt, host: HOSTILE },
          artifact: HOSTILE as never,
        },
      ],
    },
  };
  const text = reportPage(view, { ...OPTIONS, project: HOSTILE });
  harmless(t, text);
  t.notMatch(text, /href="javascript:/);
  t.notMatch(text, /\u202e/);
  harmless(t, plotsPage(hostilePlots(), { ...OPTIONS, project: HOSTILE }));
});

/** No element and no attribute but those that this program wrote. */
function harmless(t: Test, text: string): void {
  const document = opened(t, text);
  t.equal(document.querySelectorAll('script').length, 1);
  t.equal(document.querySelectorAll('style').length, 1);
  t.equal(document.querySelectorAll('[src=x]').length, 0);
  const attributes = [...document.querySelectorAll('*')].flatMap((each) =>
    [...each.attributes].map((attribute) => attribute.name),
  );
  t.same(
    attributes.filter((attribute) => attribute.startsWith('on')),
    [],
  );
  t.match(document.title, /<script>alert\(1\)<\/script>/, 'as text it is there');
}

function hostilePlots(): PlotsView {
  const common = { id: HOSTILE, title: HOSTILE, stage: HOSTILE as never, notes: [HOSTILE] };
  const revision = HOSTILE;
  return {
    revisions: [HOSTILE],
    plots: [
      {
        ...common,
        drawing: {
          ...{ kind: 'lines', smooth: false, scattered: false },
          ...{ x: { label: HOSTILE, scale: 'text' }, y: { label: HOSTILE } },
          series: ['a', HOSTILE].map((name) => ({
            revision,
            name,
            points: [{ x: HOSTILE, y: 1 }],
          })),
        },
      },
      {
        ...common,
        drawing: {
          ...{ kind: 'bars', label: HOSTILE, of: HOSTILE },
          bars: [{ name: HOSTILE, values: [{ revision, value: 1 }] }],
        },
      },
      {
        ...common,
        drawing: {
          ...{ kind: 'confusion', actual: HOSTILE, predicted: HOSTILE, normalized: true },
          ...{ classes: [HOSTILE], matrices: [{ revision, counts: [[1]] }] },
        },
      },
      {
        ...common,
        drawing: {
          kind: 'table',
          tables: [
            { revision, file: HOSTILE as never, columns: [HOSTILE], rows: [[HOSTILE]], leftOut: 1 },
          ],
        },
      },
      {
        ...common,
        drawing: {
          ...{ kind: 'pictures', leftOut: 1 },
          pictures: [
            {
              ...{ revision, name: HOSTILE, type: 'image/png', base64: 'AAAA' },
              facts: [{ name: HOSTILE, value: HOSTILE }],
            },
          ],
        },
      },
      { ...common, drawing: { kind: 'nothing' } },
    ],
  };
}

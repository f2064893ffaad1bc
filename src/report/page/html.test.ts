import t from 'tap';
import { html, Markup } from './html.ts';

t.test('values are escaped, in text and in attributes; markup made here is not', async (t) => {
  const hostile = `</script><b title="'x'">&`;
  const escaped = '&lt;/script&gt;&lt;b title=&quot;&#39;x&#39;&quot;&gt;&amp;';
  t.equal(html`<i title="${hostile}">${hostile}</i>`.text, `<i title="${escaped}">${escaped}</i>`);
  t.equal(html`${['a', '<'].map((each) => html`<i>${each}</i>`)}`.text, '<i>a</i><i>&lt;</i>');
  t.equal(html`${undefined}${0}${[]}${new Markup('<br>')}`.text, '0<br>');
});

t.test('an object of the same shape is no markup', async (t) => {
  const forged = { text: '<script>' } as unknown as Markup;
  t.throws(() => html`${forged}`);
});

t.test('characters that turn text around or end it are shown as unknown', async (t) => {
  t.equal(html`${'a\u202eb\0c\u2066d\tx\ny'}`.text, 'a\ufffdb\ufffdc\ufffdd\tx\ny');
});

t.test('values keep their line feeds, templates lose their indentation', async (t) => {
  const { text } = html`<div>
    <i>${'a\n    b'}</i>
  </div>`;
  t.equal(text, '<div>\n<i>a\n    b</i>\n</div>');
});

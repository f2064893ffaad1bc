import t from 'tap';
import { overview } from './help.ts';
import { groups, verbs } from './verbs.ts';

t.test('every command is listed once, and no line is longer than 100 columns', (t) => {
  const listed = Object.values(groups).flatMap((members) => Object.keys(members));
  t.strictSame(listed.toSorted(), Object.keys(verbs).toSorted());
  for (const line of overview('1.2.3').split('\n')) t.ok(line.length <= 100, line);
  t.end();
});

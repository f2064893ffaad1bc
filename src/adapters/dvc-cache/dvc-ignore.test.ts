import t from 'tap';
import { createDvcIgnore } from './dvc-ignore.ts';

t.test('patterns as in .gitignore: the last that matches decides', (t) => {
  const ignore = createDvcIgnore()
    .with('', '# a comment\n\n*.tmp\n/top\nbuild/\na/**/z\n!keep.tmp\n[ab]?.txt\nlogs/**\nx.y\n')
    .with('sub', 'own\n/here\n!*.tmp\n');
  const cases: readonly (readonly [string, boolean, boolean])[] = [
    ['x.tmp', false, true],
    ['deep/er/x.tmp', false, true],
    ['keep.tmp', false, false],
    ['sub/x.tmp', false, false],
    ['top', false, true],
    ['a/top', false, false],
    ['build', true, true],
    ['build', false, false],
    ['src/build', true, true],
    ['a/z', false, true],
    ['a/b/c/z', false, true],
    ['a1.txt', false, true],
    ['c1.txt', false, false],
    ['logs/a/b', false, true],
    ['xzy', false, false],
    ['sub/own', false, true],
    ['sub/deep/own', false, true],
    ['own', false, false],
    ['sub/here', false, true],
    ['sub/deep/here', false, false],
    ['.dvc', true, true],
    ['a.dvc', false, false],
    ['sub/.git', true, true],
  ];
  for (const [path, isDirectory, expected] of cases) {
    t.equal(ignore.ignores(path, isDirectory), expected, path);
  }
  t.end();
});

import { ESLint, Linter } from 'eslint';
import t from 'tap';

const WALLS = ['no-restricted-globals', 'no-restricted-imports', 'no-restricted-properties'];

/** The rules about process, console, clocks and chance, as they apply to a file at `path`. */
async function complaints(path: string, code: string): Promise<readonly string[]> {
  const config = (await new ESLint().calculateConfigForFile(path)) as Linter.Config;
  const rules = Object.fromEntries(
    WALLS.flatMap((rule) => {
      const setting = config.rules?.[rule];
      return setting === undefined ? [] : [[rule, setting]];
    }),
  );
  return new Linter().verify(code, { rules }).map((message) => message.ruleId ?? message.message);
}

t.test('what lies below cli is given what it needs', async (t) => {
  const caught: readonly (readonly [string, string, string])[] = [
    ['src/engine/a.ts', 'process.exit(1)', 'no-restricted-globals'],
    ['src/report/a.ts', 'console.log(1)', 'no-restricted-globals'],
    ['src/commands/a.ts', "import process from 'node:process'", 'no-restricted-imports'],
    ['src/adapters/disk/a.ts', 'process.env.HOME', 'no-restricted-globals'],
    ['src/engine/a.ts', "import fs from 'node:fs'", 'no-restricted-imports'],
    ['src/engine/a.ts', 'setTimeout(f, 1)', 'no-restricted-globals'],
    ['src/engine/a.ts', 'Date.now()', 'no-restricted-properties'],
    ['src/ship/a.ts', 'Math.random()', 'no-restricted-properties'],
  ];
  for (const [path, code, rule] of caught) {
    t.same(await complaints(path, code), [rule], `${code} in ${path}`);
  }
});

t.test('cli, tests and stages may', async (t) => {
  for (const path of ['src/cli/a.ts', 'src/engine/a.test.ts', 'stages/train/main.ts']) {
    t.same(await complaints(path, 'console.log(process.pid)'), [], path);
  }
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ignore from 'ignore';
import t from 'tap';
import { parse } from 'yaml';
import { readMonitoring } from '../src/config/read-monitoring.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Step {
  readonly run?: string;
  readonly script?: string;
  readonly uses?: string;
  readonly with?: { readonly [key: string]: unknown };
}

const workflow = (name: string): readonly Step[] => {
  const { jobs } = parse(read(`.github/workflows/${name}.yml`)) as {
    readonly jobs: { readonly [job: string]: { readonly steps: readonly Step[] } };
  };
  return Object.values(jobs).flatMap(({ steps }) => steps);
};
const build = parse(read('cloudbuild.yaml')) as {
  readonly substitutions: { readonly [name: string]: string };
  readonly steps: readonly (Step & { readonly id: string; readonly env?: readonly string[] })[];
};

/** What variables stand for here: nothing that anybody could be reached by. */
const VALUES: Readonly<Record<string, string>> = { REPOSITORY: '127.0.0.1:9/birds' };

/** The words of every `avian` in a shell's script. */
function commandsIn(script: string): readonly (readonly string[])[] {
  return script
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim().startsWith('npx avian '))
    .map((line) => {
      const words = line
        .trim()
        .replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => VALUES[name] ?? 'x1')
        .replace(/^npx avian /, '');
      return [...words.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
        ([, a, b, c]) => a ?? b ?? c ?? '',
      );
    });
}

const sources: Readonly<Record<string, readonly Step[]>> = {
  'cloudbuild.yaml': build.steps,
  'deploy.yml': workflow('deploy'),
  'drift.yml': workflow('drift'),
};

for (const [name, steps] of Object.entries(sources)) {
  t.test(`${name}: avian understands every command that it is given`, (t) => {
    const commands = steps.flatMap(({ run, script }) => commandsIn(run ?? script ?? ''));
    t.ok(commands.length >= 3, `${commands.length} commands`);
    // Outside of any project: words are read first, so that what is left to complain about is that there is none.
    // Not a testdir, which lies within this very project.
    const cwd = mkdtempSync(join(tmpdir(), 'avian-automation-'));
    t.teardown(() => rmSync(cwd, { recursive: true }));
    const complaint = (words: readonly string[]): string =>
      spawnSync(process.execPath, [join(root, 'dist/avian.js'), ...words], {
        cwd,
        encoding: 'utf8',
        // Whatever may be read wrong here, nothing reaches anybody.
        env: { ...process.env, STORAGE_EMULATOR_HOST: 'http://127.0.0.1:9' },
        timeout: 60_000,
      }).stderr;
    for (const words of commands) {
      t.notMatch(complaint(words), /error\[usage\/|bug:/, words.join(' '));
      // What follows a task's name is the task's.
      if (words[0] !== 'run') t.match(complaint([...words, '--nonsense']), /error\[usage\//);
    }
    t.end();
  });
}

t.test(
  'both do the same, in the same order: verify, restore or build, keep, deploy, watch, count',
  (t) => {
    const verbs = (steps: readonly Step[]): string[] =>
      steps
        .flatMap(({ run, script }) => commandsIn(run ?? script ?? ''))
        .map((words) => words.join(' '));
    t.same(verbs(build.steps), verbs(workflow('deploy')));
    t.match(
      verbs(build.steps).map((words) => words.split(' ')[0]),
      ['remote', 'verify', 'repro', 'push', 'image', 'deploy', 'cost'],
    );
    t.end();
  },
);

t.test('no keys: identities come from the platform', (t) => {
  for (const path of [
    'cloudbuild.yaml',
    '.github/workflows/deploy.yml',
    '.github/workflows/drift.yml',
  ]) {
    t.notMatch(
      read(path),
      /secrets\.|credentials_json|BEGIN [A-Z ]*PRIVATE KEY|"private_key"/,
      path,
    );
  }
  for (const name of ['deploy', 'drift']) {
    const auth = workflow(name).find(({ uses }) => uses?.startsWith('google-github-actions/auth@'));
    t.match(auth?.with, { workload_identity_provider: String, service_account: String });
    t.match(read(`.github/workflows/${name}.yml`), /id-token: write/);
  }
  t.end();
});

t.test('every substitution is used, and every one that is used is there', (t) => {
  const used = new Set(
    [...read('cloudbuild.yaml').matchAll(/\$\{(_\w+)\}/g)].map(([, name]) => name),
  );
  t.same([...used].sort(), Object.keys(build.substitutions).sort());
  for (const { script = '', env = [], id } of build.steps) {
    const given = env.map((pair) => pair.split('=')[0]);
    const wanted = [...script.matchAll(/\$(\w+)/g)].map(([, name]) => name);
    t.same([...new Set(wanted)].sort(), given.sort(), `what ${id} reads from its environment`);
  }
  t.end();
});

t.test('the build context is some megabytes', (t) => {
  const rules = ignore().add(read('.gcloudignore'));
  let bytes = 0;
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (rules.ignores(entry.isDirectory() ? `${path}/` : path)) continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) bytes += statSync(join(root, path)).size;
    }
  };
  walk('');
  t.comment(`${(bytes / 1e6).toFixed(1)} MB`);
  t.ok(bytes < 16e6 && bytes > 1e6);
  t.ok(rules.ignores('artifacts/') && rules.ignores('cache/') && rules.ignores('node_modules/'));
  t.end();
});

t.test('monitoring.yaml of AvianSight is one', async (t) => {
  const given = { project: 'my-project', region: 'europe-west1' };
  t.match(await readMonitoring('monitoring.yaml', read('monitoring.yaml'), given), { ok: true });
});

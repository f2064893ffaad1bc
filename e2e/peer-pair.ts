import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { picture } from '../src/adapters/workspace/testing.ts';
import type { Edit, RandomProject, Step } from '../src/testing/random-projects.ts';
import { startDvc, type DvcDriver } from './dvc.ts';
import { AVIAN } from './rig.ts';

/** Name, version, ears, outs and deps: what a step of a random project does, for any tool. */
const STEP = `name=$1 version=$2 ears=$3 outs=$4
shift 4
value=$(sed -n "s/^$name: //p" params.yaml)
read=$(for dep in "$@"; do find "$dep" -type f | LC_ALL=C sort | xargs cat; echo; done | cksum)
text="$name:$version:$value($read)"
[ "$ears" = deaf ] && text="$name deaf"
[ -e "$PEERS_FAIL/$name" ] && text=half
for out in $(echo "$outs" | tr , ' '); do
  case $out in
  */) mkdir -p "$out"; echo "$text" > "$out"a; echo "$name" > "$out"b ;;
  *) echo "$text" > "$out" ;;
  esac
  [ "$text" = half ] && exit 1
done
echo "$name" >> "$PEERS_RAN"
`;

export type Endings = { readonly [step: string]: string };

/** The same project for both tools, each in a folder of its own. */
export class Pair {
  readonly #folder: string;
  readonly #dvc: DvcDriver;

  constructor(folder: string, dvc: DvcDriver) {
    this.#folder = folder;
    this.#dvc = dvc;
    for (const tool of ['avian', 'dvc']) this.write(tool, 'step.sh', STEP);
    fs.mkdirSync(join(folder, 'fail'));
  }

  async init(): Promise<void> {
    await this.#dvc.call(this.root('dvc'), 'init', '--no-scm', '-q');
  }

  root(tool: 'avian' | 'dvc'): string {
    return join(this.#folder, tool);
  }

  write(tool: string, path: string, text: string): void {
    const file = join(this.#folder, tool, path);
    fs.mkdirSync(dirname(file), { recursive: true });
    // A file that already says so keeps its times.
    if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) return;
    fs.writeFileSync(file, text);
  }

  layOut(project: RandomProject): void {
    for (const [tool, file] of [
      ['avian', 'pipeline.yaml'],
      ['dvc', 'dvc.yaml'],
    ] as const) {
      this.write(tool, file, pipelineText(project));
      const params = project.steps.map(({ name, value }) => `${name}: ${value}\n`).join('');
      this.write(tool, 'params.yaml', params);
      for (const [path, text] of Object.entries(project.sources)) {
        if (text === undefined) fs.rmSync(join(this.#folder, tool, path), { force: true });
        else this.write(tool, path, `${text}\n`);
      }
    }
    for (const { name, failing } of project.steps) {
      const flag = join(this.#folder, 'fail', name);
      if (failing) fs.writeFileSync(flag, '');
      else fs.rmSync(flag, { force: true });
    }
  }

  disturb(edit: Exclude<Edit, { kind: 'project' }>): void {
    for (const tool of ['avian', 'dvc'] as const) {
      const { path, directory } = edit.out;
      const out = join(this.root(tool), path);
      const file = directory ? join(out, 'a') : out;
      if (edit.kind === 'lose-out') fs.rmSync(out, { recursive: true, force: true });
      else if (!fs.existsSync(file)) continue;
      else if (edit.kind === 'trample-out') fs.writeFileSync(file, 'trampled\n');
      else fs.utimesSync(file, new Date(), new Date());
    }
  }

  async avian(): Promise<Endings> {
    const { stdout, stderr, exitCode } = await execa(
      process.execPath,
      [AVIAN, 'repro', '-k', '--json'],
      {
        cwd: this.root('avian'),
        env: this.environment('avian'),
        reject: false,
      },
    );
    const events = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map(
        (line) => JSON.parse(line) as { type: string; stage: string; outcome: { kind: string } },
      );
    const settled = events.filter(({ type }) => type === 'stage-settled');
    if (settled.length === 0) throw new Error(`avian ended with ${exitCode}: ${stdout}${stderr}`);
    return Object.fromEntries(settled.map(({ stage, outcome }) => [stage, outcome.kind]));
  }

  async dvc(stages: readonly string[]): Promise<Endings> {
    const ran = join(this.#folder, 'ran');
    fs.rmSync(ran, { force: true });
    const { lines } = await this.#dvc.call(this.root('dvc'), 'repro', '-k');
    const done = fs.existsSync(ran) ? fs.readFileSync(ran, 'utf8').split('\n') : [];
    const says = (pattern: RegExp): readonly string[] => lines.filter((line) => pattern.test(line));
    const blocked = says(/will be skipped due to this failure/).flatMap((line) =>
      [...line.matchAll(/'([^']+)'/g)].map(([, name]) => name),
    );
    return Object.fromEntries(
      stages.map((name) => {
        if (blocked.includes(name)) return [name, 'blocked'];
        if (done.includes(name)) return [name, 'executed'];
        if (says(new RegExp(`^Stage '${name}' didn't change`)).length > 0) return [name, 'skipped'];
        if (says(new RegExp(`^Stage '${name}' is cached`)).length > 0) return [name, 'restored'];
        return [name, 'failed'];
      }),
    );
  }

  environment(tool: 'avian' | 'dvc'): NodeJS.ProcessEnv {
    return {
      SHELL: '/bin/sh',
      PEERS_FAIL: join(this.#folder, 'fail'),
      PEERS_RAN: join(this.#folder, tool === 'dvc' ? 'ran' : 'ran-avian'),
    };
  }

  /** Every byte and executable bit of the outs, as a tool left them. */
  outs(tool: 'avian' | 'dvc', { steps }: RandomProject): readonly string[] {
    const paths = new Set(steps.flatMap(({ outs }) => outs.map(({ path }) => path)));
    return picture(this.root(tool)).filter((line) => {
      const [, path = ''] = /^. "([^"/]+)/.exec(line) ?? [];
      return paths.has(path);
    });
  }
}

export const pipelineText = ({ steps }: RandomProject): string =>
  `stages:\n${steps.map(stepText).join('')}`;

function stepText({ name, version, deps, outs, deaf, ...step }: Step): string {
  const promised = outs.map(({ path, directory }) => (directory ? `${path}/` : path)).join();
  const about = (cache: boolean): string =>
    [...(cache ? [] : ['cache: false']), ...(step.persist ? ['persist: true'] : [])].join(', ');
  return `  ${name}:
    cmd: sh step.sh ${name} ${version} ${deaf ? 'deaf' : 'hears'} ${promised} ${deps.join(' ')}
    deps: [${deps.join(', ')}]
    params: [${name}]
    outs: [${outs.map(({ path, cache }) => `{${path}: {${about(cache)}}}`).join(', ')}]
${step.frozen ? '    frozen: true\n' : ''}${step.alwaysChanged ? '    always_changed: true\n' : ''}`;
}

/** The DVC of a pair in `folder`. */
export const startPairedDvc = (folder: string, program: string): DvcDriver =>
  startDvc(program, {
    SHELL: '/bin/sh',
    PEERS_FAIL: join(folder, 'fail'),
    PEERS_RAN: join(folder, 'ran'),
    DVC_SITE_CACHE_DIR: join(folder, 'site'),
  });

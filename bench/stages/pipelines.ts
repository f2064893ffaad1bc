import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The same pipeline in each program's own words. */
export type Peer = 'avian' | 'dvc' | 'dud' | 'ninja';

export interface BenchStage {
  readonly name: string;
  readonly cmd: string;
  readonly deps: readonly string[];
  readonly out: string;
}

/** `in` to `seed`, `seed` to each of the middle, all of them to `joined`. */
export function fanOutAndJoin(count: number): readonly BenchStage[] {
  const middle = Array.from({ length: count - 2 }, (_, index) => ({
    name: `work${index}`,
    cmd: `cp seed out/w${index}`,
    deps: ['seed'],
    out: `out/w${index}`,
  }));
  const outs = middle.map(({ out }) => out);
  return [
    { name: 'seed', cmd: 'cp in seed', deps: ['in'], out: 'seed' },
    ...middle,
    { name: 'join', cmd: 'cat out/w* > joined', deps: outs, out: 'joined' },
  ];
}

/** Stages that need nothing of each other. */
export const independent = (count: number): readonly BenchStage[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `work${index}`,
    cmd: `echo ${index} > w${index}`,
    deps: [],
    out: `w${index}`,
  }));

/** Writes a project that has nothing but this pipeline and the file `in`; returns the folder. */
export function writePipeline(folder: string, peer: Peer, stages: readonly BenchStage[]): string {
  for (const { out } of stages) mkdirSync(dirname(join(folder, out)), { recursive: true });
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);
  const init = (program: string, ...words: string[]): void => {
    execFileSync(program, words, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  write('in', 'robin\n');
  switch (peer) {
    case 'avian':
      write('pipeline.yaml', dvcYaml(stages));
      break;
    case 'dvc':
      init('dvc', 'init', '--no-scm', '-q');
      write('dvc.yaml', dvcYaml(stages));
      break;
    case 'dud':
      init('dud', 'init');
      for (const stage of stages) write(`${stage.name}.yaml`, dudYaml(stage));
      init('dud', 'stage', 'add', ...stages.map(({ name }) => `${name}.yaml`));
      break;
    case 'ninja':
      write('build.ninja', stages.map(ninjaRule).join(''));
      break;
  }
  return folder;
}

const dvcYaml = (stages: readonly BenchStage[]): string =>
  `stages:\n${stages
    .map(
      ({ name, cmd, deps, out }) =>
        `  ${name}:\n    cmd: ${cmd}\n    deps: [${deps.join(', ')}]\n    outs: [${out}]\n`,
    )
    .join('')}`;

const dudYaml = ({ cmd, deps, out }: BenchStage): string =>
  `command: ${cmd}\ninputs:\n${deps.map((dep) => `  ${dep}: {}\n`).join('')}outputs:\n  ${out}: {}\n`;

const ninjaRule = ({ name, cmd, deps, out }: BenchStage): string =>
  `rule ${name}\n  command = ${cmd}\nbuild ${out}: ${name} ${deps.join(' ')}\n`;

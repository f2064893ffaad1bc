import type { CommandContext, LookContext } from '../commands/context.ts';
import { repro } from '../commands/repro.ts';
import { FakeContents } from './fake-contents.ts';
import { FakeProject, valueOf } from './fake-project.ts';

/*
 * A project in memory whose stages train and measure, for tests of what shows experiments and plots:
 *
 *     prepare (raw) -> train (lr, seed) -> evaluate, quantize
 */

/** One pixel. */
export const PNG =
  'base64:iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const PIPELINE = `stages:
  prepare:
    desc: clean data
    cmd: prepare
    deps: [raw]
    outs: [clean]
  train:
    cmd: train
    deps: [clean]
    params: [lr, seed]
    outs: [model]
    plots: [loss.csv: { x: epoch, y: [loss, val] }]
    metrics: [train.json: { direction: { accuracy: maximize } }]
  evaluate:
    cmd: evaluate
    deps: [model, evaluate.py]
    outs: [evaluation]
    metrics: [evaluate.json: { gate: { accuracy: '>= 0.1' } }]
  quantize:
    cmd: quantize
    deps: [model]
    metrics: [quantize.json]
plots:
  - Confusion: { template: confusion, x: is, y: { evaluation/predictions.csv: said } }
  - Samples: { template: images, x: picture, y: { evaluation/samples.csv: [] } }
`;

export const measuredProject = (pipeline = PIPELINE): FakeProject => {
  const project = new FakeProject({
    ...{ 'pipeline.yaml': pipeline, 'params.yaml': 'lr: 0.1\nseed: 1\n' },
    ...{ raw: 'robin', 'evaluate.py': 'v1' },
  });
  project.world.onCommand(({ env }, { files, clock }) => {
    clock.tick(1000);
    const model = files.get('model') ?? '';
    const accuracy = Number(model.split(' ')[2] ?? 0);
    switch (env['AVIAN_STAGE']) {
      case 'prepare':
        files.set('clean', `clean ${files.get('raw')}`);
        break;
      case 'train': {
        const lr = Number(/lr: (\S+)/.exec(files.get('params.yaml') ?? '')?.[1]);
        files.set('model', `${files.get('clean')} ${1 - lr}`);
        files.set('loss.csv', `epoch,loss,val\n1,${lr},${lr * 2}\n2,${lr / 2},${lr}\n`);
        files.set('train.json', JSON.stringify({ accuracy: 1 - lr, params: 10 }));
        break;
      }
      case 'evaluate':
        files.set('evaluation/predictions.csv', 'is,said\nrobin,robin\nrobin,wren\n');
        files.set('evaluation/samples.csv', 'picture,is\nshots/1.png,robin\n');
        files.set('evaluation/shots/1.png', PNG);
        files.set('evaluate.json', JSON.stringify({ accuracy: accuracy / 2 }));
        break;
      default:
        files.set('quantize.json', JSON.stringify({ bytes: 100 * accuracy }));
    }
    return { code: 0, durationMs: 1000 };
  });
  return project;
};

/** Runs what is stale, with parameters changed beforehand, and commits when asked. */
export async function tryOut(project: FakeProject, params?: string, commit = false): Promise<void> {
  if (params !== undefined) project.world.files.set('params.yaml', params);
  valueOf(
    await repro(
      {
        ...{ targets: [], overrides: [], force: false, single: false, downstream: false },
        ...{ keepGoing: false, runCache: true, probes: true, nameRuns: true },
        ...{ trace: false, glob: false, allowMissing: false },
        capacity: { cpu: 1, gpu: 0, memory: 0 },
      },
      project.context(),
    ),
  );
  if (!commit) return;
  const { files, lock } = project.world;
  project.revisions.commit(new Map([...files, ['pipeline.lock', JSON.stringify(lock.lock)]]));
}

export const lookContext = (project: FakeProject): LookContext => {
  const context: CommandContext = project.context();
  return { ...context, contents: new FakeContents(project.world) };
};

/**
 * The task `drift`: has what the service sees, or what lies in folders, drifted away from the reference?
 * `--reference FILE [photo|folder …] [--model DIR] [--url URL | --deployment FILE] [--out DIR] [--json] [--exit-code] [--on-drift CMD]`
 * The verdict on stdout; drift.json and drift.html in `--out`. `--exit-code`: 3 where something drifted.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { replaceFile } from '../vision/model-files.ts';
import { runStage, StageError, writeJson, type StageIo } from '../vision/stage.ts';
import { judgeDrift, LEAST_IMAGES, type Verdict } from './judge.ts';
import { driftPage } from './page.ts';
import { readReference, type Reference } from './reference.ts';
import { sketchOfFiles, sketchOfService, urlOfDeployment, type Seen } from './seen.ts';
import { verdictText } from './verdict-text.ts';

/** As `avian status --exit-code` ends where something is stale. */
const DRIFTED = 3;

const FLAGS = {
  reference: 'required',
  model: 'optional',
  url: 'optional',
  deployment: 'optional',
  out: 'optional',
  json: 'switch',
  'exit-code': 'switch',
  'on-drift': 'optional',
} as const;

await runStage(async (io) => {
  const flags = io.flags(FLAGS);
  const reference = await readReference(flags.reference);
  const { sketch, source } = await look(flags, reference, io);
  if (sketch.images < LEAST_IMAGES) {
    throw new StageError(
      `${sketch.images} images are too few for a verdict; at least ${LEAST_IMAGES} are needed (${source})`,
      'wait until the service has seen more, or name more photographs',
    );
  }
  const verdict = judgeDrift(reference, sketch);
  const { out } = flags;
  if (out !== undefined) {
    await writeJson(join(out, 'drift.json'), verdict);
    await replaceFile(join(out, 'drift.html'), driftPage({ verdict, reference, sketch, source }));
    io.say(`${source}; written to ${join(out, 'drift.html')} and drift.json`);
  }
  process.stdout.write(flags.json ? `${JSON.stringify(verdict)}\n` : verdictText(verdict));
  if (!verdict.drifted) return;
  if (flags['exit-code']) process.exitCode = DRIFTED;
  if (flags['on-drift'] !== undefined) await act(flags['on-drift'], verdict, io);
});

async function look(
  {
    url,
    deployment,
    model,
    positionals,
  }: {
    readonly url: string | undefined;
    readonly deployment: string | undefined;
    readonly model: string | undefined;
    readonly positionals: readonly string[];
  },
  reference: Reference,
  io: StageIo,
): Promise<Seen> {
  if (positionals.length > 0) {
    if (model === undefined) {
      throw new StageError('photographs need a model', 'name its folder: --model DIR');
    }
    return sketchOfFiles(positionals, model, reference, io);
  }
  const address = url ?? (deployment === undefined ? undefined : await urlOfDeployment(deployment));
  if (address === undefined) {
    throw new StageError(
      'there is nothing to judge',
      'name photographs or folders, or the service: --url URL or --deployment FILE',
    );
  }
  return sketchOfService(address, reference);
}

/** Runs what is to follow, such as a new training; its failure is this program's. */
async function act(command: string, { tests }: Verdict, io: StageIo): Promise<void> {
  io.say(`drifted, so: ${command}`);
  const names = tests.filter(({ drifted }) => drifted).map(({ name }) => name);
  const child = spawn('sh', ['-c', command], {
    // stdout is the verdict's: whoever reads it as JSON must not find the training's lines in it.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DRIFTED: names.join(',') },
  });
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
  if (status !== 0) {
    throw new StageError(
      `\`${command}\` ended with ${status}`,
      'its lines above say why; the verdict stands',
    );
  }
}

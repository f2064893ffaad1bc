/** Where a sketch comes from: a service that kept one, or photographs that are looked at now. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nameModel } from '../serve/model-name.ts';
import { IMAGES_AT_ONCE, mapConcurrently } from '../vision/concurrency.ts';
import { decodeImage } from '../vision/images.ts';
import { createRandom } from '../vision/random.ts';
import { StageError, type StageIo } from '../vision/stage.ts';
import { lookAt } from './look.ts';
import type { Reference } from './reference.ts';
import { createSketcher, parseSketch, type Sketch } from './sketch.ts';

export interface Seen {
  readonly sketch: Sketch;
  /** For people. */
  readonly source: string;
}

/** The URL in the record that `avian deploy --record` writes. Throws StageError. */
export async function urlOfDeployment(path: string): Promise<string> {
  const hint = 'deploy first: avian repro; or name the service: --url URL';
  let url: unknown;
  try {
    ({ url } = JSON.parse(await readFile(path, 'utf8')) as { url?: unknown });
  } catch (error) {
    throw new StageError(`${path} cannot be read: ${(error as Error).message}`, hint);
  }
  if (typeof url !== 'string') throw new StageError(`${path} names no URL`, hint);
  return url;
}

const PATIENCE_MS = 10_000;

/** Asks a service for what it has seen. Throws StageError where it does not answer, or watches nothing. */
export async function sketchOfService(url: string, reference: Reference): Promise<Seen> {
  const address = `${url.replace(/\/+$/, '')}/drift`;
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
    body = await response.json();
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    throw new StageError(
      `${address} does not answer: ${why}`,
      'is the service running? avian deploy status',
    );
  }
  const { sketch, error, windows, alarms } = (body ?? {}) as {
    readonly sketch?: unknown;
    readonly error?: { readonly message?: string; readonly hint?: string };
    readonly windows?: number;
    readonly alarms?: number;
  };
  if (!response.ok) {
    const { message = 'no reason given', hint = 'read the log of the service' } = error ?? {};
    throw new StageError(`${address} answered ${response.status}: ${message}`, hint);
  }
  const parsed = parseSketch(sketch, reference);
  const which =
    parsed.images === reference.window ? 'its latest window' : 'its first window, not yet full';
  return {
    sketch: parsed,
    source: `${url}, ${which}; ${alarms ?? 0} of ${windows ?? 0} windows had drifted`,
  };
}

/** Decodes and answers photographs, and all that lie in folders; at most a window of them, drawn at random. */
export async function sketchOfFiles(
  paths: readonly string[],
  modelDir: string,
  reference: Reference,
  io: Pick<StageIo, 'progress' | 'say'>,
): Promise<Seen> {
  const files = (await Promise.all(paths.map(photographsIn))).flat().sort();
  const drawn = createRandom(reference.embedding.seed).fork('files').shuffle(files);
  const chosen = drawn.slice(0, reference.window);
  // The binding and the model are what takes the time of this program; a service's sketch needs neither.
  const { openFastPredictor } = await import('../vision/fast-predictor.ts');
  const { predictor } = await openFastPredictor(modelDir);
  const name = await nameModel(modelDir, predictor.contract);
  if (name !== reference.model) {
    throw new StageError(
      `the reference is of ${reference.model}, and ${modelDir} holds ${name}`,
      'make the reference again: avian repro reference',
    );
  }
  const { input } = predictor.contract;
  const size = input.height * input.width * 3;
  const pixels = new Uint8Array(chosen.length * size);
  const progress = io.progress('decoded', chosen.length);
  let done = 0;
  await mapConcurrently(chosen, IMAGES_AT_ONCE, async (path, index) => {
    pixels.set(await decodeImage(path, input), index * size);
    done += 1;
    progress(done);
  });
  const looked = await lookAt(predictor, pixels, chosen.length);
  predictor.dispose();
  const sketcher = createSketcher(reference);
  let sketch = sketcher.sketch();
  for (const [index, one] of looked.entries()) {
    const full = sketcher.add(one);
    if (index === looked.length - 1) sketch = full ?? sketcher.sketch();
  }
  const all = files.length === chosen.length ? '' : `, drawn at random of ${files.length}`;
  return { sketch, source: `${chosen.length} photographs${all}` };
}

async function photographsIn(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(jpe?g|png|webp)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

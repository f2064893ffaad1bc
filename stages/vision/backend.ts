/** Opens the best TensorFlow.js backend that this machine has. One engine a process: TF.js keeps it in a global. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { registerGradientKernels } from './wasm/register.ts';
import { registerTrainingKernels } from './webgpu/register.ts';
import { findWebGpu, mayHaveGpu, type WebGpu } from './webgpu/open.ts';
import {
  loadThreadedModule,
  releaseThreads,
  usefulThreads,
  type ThreadedModule,
} from './wasm/threads.ts';

export type BackendChoice = 'auto' | 'tensorflow-gpu' | 'webgpu' | 'tensorflow' | 'wasm' | 'cpu';
export type BackendName = 'tfjs-node-gpu' | 'webgpu' | 'tfjs-node' | 'wasm' | 'cpu';

export interface Backend {
  readonly name: BackendName;
  /** One line for the log: what was chosen and, where something faster can be had, how. */
  readonly describe: string;
  /** Name of the GPU, where the backend tells it. */
  readonly device?: string;
}

export interface BackendOptions {
  /** `auto` tries tfjs-node-gpu, webgpu, tfjs-node, wasm, in this order; any other name is that one or an error. */
  readonly prefer?: BackendChoice;
  /** False leaves out the gradient kernels that wasm needs to train. */
  readonly training?: boolean;
  /** Threads of the wasm backend, 1 to 4; by default every core where `training`, else 1. */
  readonly threads?: number;
  /** Folder of the .wasm binaries, where a bundle has moved them; ends with a slash. */
  readonly wasmFolder?: string;
}

/** A backend that was asked for by name and is not here. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export const backendChoices: readonly BackendChoice[] = [
  'auto',
  'tensorflow-gpu',
  'webgpu',
  'tensorflow',
  'wasm',
  'cpu',
];

const SETUP = 'npm run setup:tensorflow';

/**
 * Opens a backend and makes it the active one. Silent; says in `describe` what it found.
 * Throws BackendError where a backend asked for by name is not installed or does not load.
 */
export async function openBackend(options: BackendOptions = {}): Promise<Backend> {
  const { prefer = 'auto', training = true } = options;
  // How each op is differentiated: tfjs-core alone has none of it, tfjs-layers brings it along.
  if (training) await import('@tensorflow/tfjs-layers');
  switch (prefer) {
    case 'auto':
      return openBest(options);
    case 'tensorflow-gpu':
      return demandNative('@tensorflow/tfjs-node-gpu', `${SETUP} -- --gpu`);
    case 'webgpu':
      return demandWebGpu(options);
    case 'tensorflow':
      return demandNative('@tensorflow/tfjs-node', SETUP);
    case 'wasm':
      return openWasm(options, '');
    case 'cpu':
      return openReference();
  }
}

async function openBest(options: BackendOptions): Promise<Backend> {
  const failures: string[] = [];
  for (const open of [tryTensorflowGpu, tryWebGpu, tryTensorflow]) {
    const attempt = await open(options);
    if (attempt.kind === 'open') return attempt.backend;
    if (attempt.kind === 'broken') failures.push(`; ${attempt.reason}`);
  }
  return openWasm(options, failures.join(''));
}

const tryTensorflowGpu = (): Attempt => openNative('@tensorflow/tfjs-node-gpu');
const tryTensorflow = (): Attempt => openNative('@tensorflow/tfjs-node');

async function tryWebGpu({ training }: BackendOptions): Promise<Attempt> {
  if (!mayHaveGpu()) return { kind: 'absent' };
  const found = await findWebGpu();
  if (found.kind === 'absent') return { kind: 'broken', reason: `webgpu: ${found.reason}` };
  // A CPU that plays a GPU is slower than the CPU itself.
  if (found.software) return { kind: 'absent' };
  try {
    return { kind: 'open', backend: await openWebGpu(found, training) };
  } catch (error) {
    return { kind: 'broken', reason: `webgpu: ${firstLine(error)}` };
  }
}

async function demandWebGpu({ training }: BackendOptions): Promise<Backend> {
  const found = await findWebGpu();
  if (found.kind === 'found') return openWebGpu(found, training);
  throw new BackendError(`webgpu cannot be used: ${found.reason}`, found.hint);
}

async function openWebGpu(
  found: Extract<WebGpu, { kind: 'found' }>,
  training = true,
): Promise<Backend> {
  // Typed as always there; null before the first time.
  if ((tf.findBackend('webgpu') as tf.KernelBackend | null) === null) await found.register();
  if (training) registerTrainingKernels();
  await activate('webgpu');
  const { adapter: device, software } = found;
  const note = software ? ', a GPU played by the CPU: for tests, slower than wasm' : '';
  return { name: 'webgpu', describe: `webgpu (${device}${note})`, device };
}

function demandNative(name: NativePackage, command: string): Backend {
  const native = openNative(name);
  switch (native.kind) {
    case 'open':
      return native.backend;
    case 'absent':
      throw new BackendError(`${name} has no native binding on this machine`, `run \`${command}\``);
    case 'broken':
      throw new BackendError(native.reason, `run \`${command}\` again`);
  }
}

type NativePackage = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';

/** `broken`: it ought to be there, and the reason why it is not belongs into the log. */
type Attempt =
  { kind: 'open'; backend: Backend } | { kind: 'absent' } | { kind: 'broken'; reason: string };

function openNative(name: NativePackage): Attempt {
  // The package throws on import where its binding is missing, which is the usual case (its install
  // script is switched off): looking for the file first costs a millisecond instead of half a second.
  if (!hasBinding(name)) return { kind: 'absent' };
  prepareForTfjsNode();
  try {
    requireHere(name);
  } catch (error) {
    return { kind: 'broken', reason: `${name} does not load: ${firstLine(error)}` };
  }
  const device = tf.backend() as { isUsingGpuDevice?: boolean };
  const onGpu = device.isUsingGpuDevice === true;
  if (name === '@tensorflow/tfjs-node-gpu' && onGpu) {
    return { kind: 'open', backend: { name: 'tfjs-node-gpu', describe: 'tfjs-node-gpu (CUDA)' } };
  }
  const note = name === '@tensorflow/tfjs-node-gpu' ? ', from tfjs-node-gpu: no GPU in sight' : '';
  return { kind: 'open', backend: { name: 'tfjs-node', describe: `tfjs-node (CPU${note})` } };
}

const requireHere = createRequire(import.meta.url);

function hasBinding(name: NativePackage): boolean {
  let folder: string;
  try {
    folder = join(dirname(requireHere.resolve(`${name}/package.json`)), 'lib');
  } catch {
    return false;
  }
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((napi) => existsSync(join(folder, napi, 'tfjs_binding.node')));
}

/** tfjs-node 4.22 uses two helpers that Node 23 removed, and TensorFlow logs to stderr unless told not to. */
function prepareForTfjsNode(): void {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const legacy = util as unknown as Record<string, unknown>;
  legacy['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  // Still there in Node 22 and 24, but each first use prints a deprecation warning.
  legacy['isArray'] = (value: unknown) => Array.isArray(value);
}

async function openWasm(options: BackendOptions, failures: string): Promise<Backend> {
  const { training = true, wasmFolder } = options;
  // Typed as always there; null before the first time.
  const active = tf.findBackend('wasm') as tf.KernelBackend | null;
  if (active === null) {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    if (wasmFolder !== undefined) wasm.setWasmPaths(wasmFolder);
    const threads = options.threads ?? (training ? usefulThreads() : 1);
    await withoutProcessListeners(async () => {
      const module = threads > 1 ? await loadThreadedModule(threads) : undefined;
      if (module !== undefined) useThreads(module, threads, wasm.BackendWasm);
      await activate('wasm');
      if (module !== undefined) releaseThreads(module);
    });
  }
  if (training) registerGradientKernels();
  await activate('wasm');

  const threads = (tf.backend() as { threads?: number }).threads ?? 1;
  const many = threads > 1 ? `, ${threads} threads` : '';
  const hint = training ? `; \`${SETUP}\` makes training about 3 times faster` : '';
  return { name: 'wasm', describe: `wasm (WebAssembly${many}${failures})${hint}` };
}

/** Puts the threaded binary in the place of the plain one. */
function useThreads(
  module: ThreadedModule,
  threads: number,
  BackendWasm: new (module: never) => tf.KernelBackend,
): void {
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', () => Object.assign(new BackendWasm(module as never), { threads }));
}

async function openReference(): Promise<Backend> {
  await import('@tensorflow/tfjs-backend-cpu');
  await activate('cpu');
  // Its first use prints an advertisement for tfjs-node.
  (tf.backend() as { firstUse?: boolean }).firstUse = false;
  return { name: 'cpu', describe: 'cpu (plain JavaScript, the slow reference)' };
}

/**
 * The wasm loader listens for uncaught exceptions only to throw them again, which replaces a readable stack
 * by the line of its own minified source: 50,000 characters of it. What it added is taken away.
 */
async function withoutProcessListeners(start: () => Promise<void>): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = new Map(events.map((event) => [event, process.rawListeners(event)]));
  await start();
  for (const event of events) {
    for (const listener of process.rawListeners(event)) {
      if (before.get(event)?.includes(listener)) continue;
      process.removeListener(event, listener as (...args: unknown[]) => void);
    }
  }
}

async function activate(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) {
    throw new BackendError(
      `the TensorFlow.js backend ${name} does not start`,
      'run `npm ci` again',
    );
  }
  await tf.ready();
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? message;
}

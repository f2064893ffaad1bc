import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError, openBackend } from './backend.ts';
import { loadThreadedModule, usefulThreads } from './wasm/threads.ts';

t.test('wasm: named, threaded where there are cores, silent', async (t) => {
  const listeners = process.listenerCount('uncaughtException');
  const backend = await openBackend({ prefer: 'wasm', threads: 2 });
  t.equal(backend.name, 'wasm');
  t.match(backend.describe, /2 threads.*npm run setup:tensorflow/);
  t.equal(tf.getBackend(), 'wasm');
  t.equal(process.listenerCount('uncaughtException'), listeners, 'no handlers of the loader stay');
  t.ok(usefulThreads() >= 1 && usefulThreads() <= 4);
});

t.test('threads give the numbers that one thread gives, and let the process end', async (t) => {
  const url = new URL('./backend.ts', import.meta.url).href;
  const program = (threads: number): string => `
    const tf = await import('${import.meta.resolve('@tensorflow/tfjs-core')}');
    const { openBackend } = await import('${url}');
    await openBackend({ prefer: 'wasm', threads: ${threads} });
    const x = tf.randomNormal([4, 20, 20, 8], 0, 1, 'float32', 1);
    const w = tf.randomNormal([3, 3, 8, 16], 0, 1, 'float32', 2);
    const dw = tf.grad((v) => tf.sum(tf.square(tf.conv2d(x, v, 2, 'same'))))(w);
    console.log(Buffer.from(dw.dataSync().buffer).toString('base64'));`;
  const dir = t.testdir();
  const [one, two] = [1, 2].map((threads) => {
    const file = join(dir, `threads-${threads}.mjs`);
    writeFileSync(file, program(threads));
    return spawnSync(process.execPath, [file], { encoding: 'utf8' });
  });
  t.equal(one?.status, 0, one?.stderr ?? '');
  t.equal(two?.status, 0, two?.stderr ?? '');
  t.equal(two?.stderr, '', 'silent');
  t.ok((one?.stdout.length ?? 0) > 4000);
  t.equal(two?.stdout, one?.stdout, 'bit for bit');
});

t.test('where threads cannot be had the plain binary is used', async (t) => {
  const assembly = (globalThis as unknown as { WebAssembly: { Memory: unknown } }).WebAssembly;
  const memory = assembly.Memory;
  t.teardown(() => {
    assembly.Memory = memory;
  });
  assembly.Memory = function refuse() {
    throw new RangeError('no shared memory');
  };
  t.equal(await loadThreadedModule(2), undefined);
});

t.test('a native backend asked for by name works, or says how to get it', async (t) => {
  try {
    t.match(await openBackend({ prefer: 'tensorflow' }), { name: 'tfjs-node' });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    t.match(error.hint, /npm run setup:tensorflow/);
  }
});

import { rmSync } from 'node:fs';
import { createNodeTracer } from './node-tracer.ts';
import { createStraceTracer, tryStrace } from './strace-tracer.ts';
import type { Tracer, TracerOptions } from './tracer.ts';

/** strace where it works; else Node programs are watched from within. */
export async function openTracer(options: TracerOptions): Promise<Tracer> {
  // Left there by an avian that was killed.
  rmSync(options.folder, { recursive: true, force: true });
  const tried = await tryStrace(options.env);
  return tried.ok
    ? createStraceTracer(tried.value, options)
    : createNodeTracer(options, tried.error);
}

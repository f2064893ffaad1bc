import { createPlainRenderer, type Renderer } from '../report/plain.ts';
import type { Io } from './io.ts';
import { rendererOptions } from './renderer-options.ts';

/** Tells what happens meanwhile in plain lines, and has told all of it at the end. */
export async function withRenderer<T>(
  io: Io,
  work: (renderer: Renderer) => Promise<T>,
): Promise<T> {
  const renderer = createPlainRenderer(rendererOptions(io));
  try {
    return await work(renderer);
  } finally {
    renderer.close();
  }
}

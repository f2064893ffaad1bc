import { createPlainRenderer, type Renderer, type RendererOptions } from './plain.ts';

/**
 * Lines for who has them read aloud: what changes, once, and nothing that is drawn again. What
 * stages print is in their logs.
 */
export function createAnnouncer(options: RendererOptions): Renderer {
  const { columns: _, ticker, ...rest } = options;
  // Without a heartbeat: "still running" every two seconds would drown the rest.
  const plain = createPlainRenderer({
    ...rest,
    ticker: { ...ticker, every: () => () => undefined },
  });
  return {
    onEvent(event) {
      if (event.type !== 'stage-output') plain.onEvent(event);
    },
    close: plain.close,
  };
}

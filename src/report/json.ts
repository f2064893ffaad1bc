import type { AvianEvent } from '../model/event.ts';
import { createLineAssembler, type LineAssembler } from './child-output.ts';
import { encodeEvent } from './event-codec.ts';
import { createHeartbeat } from './heartbeat.ts';
import type { Renderer, RendererOptions } from './plain.ts';

/**
 * `avian repro --json`: events for machines on stdout, one JSON object a line as
 * schemas/event.schema.json says; on stderr only the heartbeat. `stage-output` comes in whole
 * lines without control sequences.
 */
export function createJsonRenderer(
  options: Pick<RendererOptions, 'out' | 'err' | 'ticker'>,
): Renderer {
  const { out, err, ticker } = options;
  const printed = new Map<string, OutputOfStage>();

  const heartbeat = createHeartbeat({
    ticker,
    say: (line) => err(`${line}\n`),
    lastLine: () => '',
  });

  const write = (event: AvianEvent): void => {
    const line = encodeEvent(event);
    if (line !== undefined) out(`${JSON.stringify(line)}\n`);
  };

  /** Gives the lines that an output event completes; keeps the rest for the next one. */
  function writeOutput(event: AvianEvent & { readonly type: 'stage-output' }): void {
    const key = `${event.stream} ${event.stage}`;
    const output = printed.get(key) ?? { event, lines: createLineAssembler() };
    printed.set(key, output);
    writeLines(event, output.lines.push(event.chunk));
  }

  function writeLines(
    event: AvianEvent & { readonly type: 'stage-output' },
    lines: readonly string[],
  ): void {
    if (lines.length > 0) write({ ...event, chunk: `${lines.join('\n')}\n` });
  }

  function writeRest(stage?: string): void {
    for (const { event, lines } of printed.values()) {
      if (stage === undefined || event.stage === stage) writeLines(event, lines.end());
    }
  }

  return {
    onEvent(event) {
      heartbeat.note(event);
      if (event.type === 'stage-output') return writeOutput(event);
      if (event.type === 'stage-settled') writeRest(event.stage);
      if (event.type === 'repro-done') writeRest();
      write(event);
    },
    close() {
      heartbeat.stop();
      writeRest();
    },
  };
}

interface OutputOfStage {
  readonly event: AvianEvent & { readonly type: 'stage-output' };
  readonly lines: LineAssembler;
}

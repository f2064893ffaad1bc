/**
 * The probe of `fetch`: one line on stdout that is another one when what `fetch` would read has changed.
 * Reads the param `data`.
 */
import { runStage, type StageIo } from '../vision/stage.ts';
import { sourceName, SOURCES } from './sources.ts';

async function main(io: StageIo): Promise<void> {
  io.flags({});
  const data = io.params().group('data');
  process.stdout.write(`${await SOURCES[sourceName(data)].probe(data)}\n`);
}

await runStage(main);

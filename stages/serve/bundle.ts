/** Writes the service as a folder that needs nothing but Node: `--out DIR`. Then: `cd DIR && MODEL_DIR=… node server.js` */
import { rm } from 'node:fs/promises';
import { runStage } from '../vision/stage.ts';
import { bundleService } from './bundle-service.ts';
import { formatBytes } from './upload.ts';

await runStage(async (io) => {
  const { out } = io.flags({ out: 'required' });
  await rm(out, { recursive: true, force: true });
  const { files, bytes, digest } = await bundleService(out);
  const largest = [...files].sort((a, b) => b.bytes - a.bytes).slice(0, 6);
  for (const file of largest) io.say(`${formatBytes(file.bytes).padStart(10)}  ${file.path}`);
  io.say(`${formatBytes(bytes).padStart(10)}  in ${files.length} files, ${digest}`);
});

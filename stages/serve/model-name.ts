/** What a model is called where it is served: the same files always have the same name. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { ModelContract } from '../vision/contract.ts';

/** Architecture, weight type and the first digits of a digest over the model's files, such as `plate-cnn-uint8@3f2a91c0d4e7`. */
export async function nameModel(
  modelDir: string,
  { architecture, quantization }: Pick<ModelContract, 'architecture' | 'quantization'>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['contract.json', 'model.json', 'weights.bin']) {
    for await (const chunk of createReadStream(join(modelDir, name))) hash.update(chunk as Buffer);
  }
  return `${architecture}-${quantization?.dtype ?? 'float32'}@${hash.digest('hex').slice(0, 12)}`;
}

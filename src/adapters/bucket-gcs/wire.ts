import type { Call } from '../../ports/bucket.ts';
import { Broken, type Answer, type Question } from './exchange.ts';

/** A request with credentials; one that is refused for them is asked again with fresh ones. */
export type Ask = (question: Question, call: Call) => Promise<Answer>;

/** A CRC32C as the JSON API writes it: big-endian, base64. */
export const parseCrc = (text: string): number => Buffer.from(text, 'base64').readUInt32BE(0);
export const formatCrc = (crc: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
};

/** JSON that a server sent: what is none was cut on its way. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Broken('the answer is not JSON', { cause: error });
  }
}

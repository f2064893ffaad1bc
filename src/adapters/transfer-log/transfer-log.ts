import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { isJsonObject, type JsonValue } from '../../model/json.ts';
import type { Transfer } from '../../model/transfer.ts';
import type { TransferLog } from '../../ports/transfer-log.ts';

/**
 * A file of lines, one JSON object each, only ever added to. A line that a kill or a full disk cut
 * short is left out when it is read.
 */
export function openTransferLog(path: string): TransferLog {
  return {
    async append(transfer) {
      await fs.mkdir(dirname(path), { recursive: true });
      // A line break first: what was cut short before must not swallow this line.
      await fs.appendFile(path, `\n${JSON.stringify(transfer)}`);
    },
    async all() {
      const text = await fs.readFile(path, 'utf8').catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
        throw error;
      });
      return text.split('\n').flatMap((line) => decode(line) ?? []);
    },
  };
}

function decode(line: string): Transfer | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json) || !isJsonObject(json['requests'])) return undefined;
  const { at, command, remote, url, requests, sent, received, durationMs } = json;
  const { a, b, free } = requests;
  const isComplete =
    [at, command, remote, url].every(isText) &&
    [a, b, free, sent, received, durationMs].every(isAmount);
  return isComplete ? (json as unknown as Transfer) : undefined;
}

const isText = (value: JsonValue | undefined): boolean => typeof value === 'string';
const isAmount = (value: JsonValue | undefined): boolean => typeof value === 'number' && value >= 0;

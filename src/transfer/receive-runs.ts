import type { Digest, RunId } from '../model/names.ts';
import { receiveSmall } from './receive.ts';
import type { Tools } from './tools.ts';

/** A record is at most 1 MiB; see model/run.ts. */
const LARGEST_RECORD = 1024 * 1024;

/**
 * Brings every run record of the remote that the log does not have. One that is too large, off schema
 * or not what its id says is named and left out: nothing else depends on it. Returns how many came.
 */
export async function receiveRuns(tools: Tools): Promise<number> {
  const { index, ports, warn } = tools;
  const wanted = new Map<Digest, RunId>();
  for (const id of await index.runs()) {
    if ((await ports.runs.get(id)) === undefined) wanted.set(`b3:${id}` as Digest, id);
  }
  const texts: { readonly id: RunId; readonly text: string }[] = [];
  const small = { largest: LARGEST_RECORD, counted: false };
  const absent = await receiveSmall([...wanted.keys()], small, tools, (digest, bytes) => {
    const id = wanted.get(digest);
    const text = Buffer.from(bytes).toString('utf8');
    if (id === undefined || ports.hash(text) !== id) return false;
    texts.push({ id, text });
    return true;
  });
  const refused = (id: string, why: string): void => {
    warn({
      severity: 'warning',
      code: 'remote/record-refused',
      message: `the run record ${id.slice(0, 12)} is left out: ${why}`,
    });
  };
  for (const digest of absent) {
    refused(wanted.get(digest) ?? digest, 'it is larger than 1 MiB, or no longer there');
  }
  let received = 0;
  for (const { id, text } of texts) {
    const kept = await ports.runs.receive(id, text);
    if (kept.ok) received += 1;
    else refused(id, kept.error);
  }
  return received;
}

import type { Digest, RunId } from '../model/names.ts';
import { receiveSmall } from './receive.ts';
import type { Tools } from './tools.ts';

/** A record is at most 1 MiB; see model/run.ts. */
const LARGEST_RECORD = 1024 * 1024;

/** A record as it came: what its id says, and not yet looked into. */
interface Record {
  readonly id: RunId;
  readonly text: string;
}

/** Reads every run record of the remote that the log does not have. One that is too large is named and left out. */
export async function readRuns(tools: Tools): Promise<readonly Record[]> {
  const { index, ports } = tools;
  const wanted = new Map<Digest, RunId>();
  for (const id of await index.runs()) {
    if ((await ports.runs.get(id)) === undefined) wanted.set(`b3:${id}` as Digest, id);
  }
  const records: Record[] = [];
  const small = { largest: LARGEST_RECORD, counted: false };
  const absent = await receiveSmall([...wanted.keys()], small, tools, (digest, bytes) => {
    const id = wanted.get(digest);
    const text = Buffer.from(bytes).toString('utf8');
    if (id === undefined || ports.hash(text) !== id) return false;
    records.push({ id, text });
    return true;
  });
  for (const digest of absent) {
    refuse(wanted.get(digest) ?? digest, 'it is larger than 1 MiB, or no longer there', tools);
  }
  return records;
}

/**
 * Takes records into the log, once the objects that they promise are on disk. One that is off schema is
 * named and left out: nothing else depends on it. Returns how many were taken.
 */
export async function keepRuns(records: readonly Record[], tools: Tools): Promise<number> {
  let kept = 0;
  for (const { id, text } of records) {
    const answer = await tools.ports.runs.receive(id, text);
    if (answer.ok) kept += 1;
    else refuse(id, answer.error, tools);
  }
  return kept;
}

/** Brings every run record of the remote that the log does not have. */
export const receiveRuns = async (tools: Tools): Promise<number> =>
  keepRuns(await readRuns(tools), tools);

const refuse = (id: string, why: string, { warn }: Pick<Tools, 'warn'>): void => {
  warn({
    severity: 'warning',
    code: 'remote/record-refused',
    message: `the run record ${id.slice(0, 12)} is left out: ${why}`,
  });
};

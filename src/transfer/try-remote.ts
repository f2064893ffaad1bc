import type { BucketProblem } from '../ports/bucket.ts';
import type { Result } from '../model/result.ts';
import { bytesContent, readMarker } from './consult.ts';
import { DOCTOR } from './layout.ts';
import { asResult, describeBucketProblem } from './problems.ts';
import {
  openTools,
  quietCall,
  type OpenRemote,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  readonly hint?: string;
}

/** A clock that is further off than this gets no token from Google, and makes ages meaningless. */
const MOST_SKEW = 5 * 60_000;

/**
 * Does once what transfers do, in this order: list, put, get, delete, and compares the clocks by what was
 * put. What cannot be tried after a failure is left out.
 */
export async function tryRemote(
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<readonly Finding[]> {
  const tools = openTools('pull', remote, ports, options);
  const { bucket, nonce, progress } = tools;
  const call = quietCall(tools);
  const findings: Finding[] = [];
  const note = (name: string, done: Result<unknown, BucketProblem>, detail: string): boolean => {
    if (done.ok) findings.push({ name, state: 'ok', detail });
    else {
      const [first] = describeBucketProblem(done.error, bucket.url).diagnostics;
      findings.push({
        ...{ name, state: 'failed', detail: first?.message ?? done.error.kind },
        ...(first?.hint !== undefined && { hint: first.hint }),
      });
    }
    return done.ok;
  };
  const text = Buffer.from(`avian was here ${nonce()}\n`);
  const name = `${DOCTOR}${nonce()}.txt`;
  const listed = await bucket.list(DOCTOR, call);
  if (note('list', listed, `${bucket.url} can be listed`)) {
    const marker = await asResult(() => readMarker(tools));
    const [first] = marker.ok ? [] : marker.error.diagnostics;
    findings.push({
      name: 'layout',
      state: first === undefined ? 'ok' : 'failed',
      detail:
        first?.message ??
        (marker.ok && marker.value === 'there'
          ? 'avian has pushed here'
          : 'nothing was pushed here yet'),
      ...(first?.hint !== undefined && { hint: first.hint }),
    });
    const before = ports.clock.now();
    const made = await bucket.create(name, bytesContent(text), call);
    if (note('put', made, 'objects can be created')) {
      const after = ports.clock.now();
      const pieces: Uint8Array[] = [];
      const take = (piece: Uint8Array): void => void pieces.push(Uint8Array.from(piece));
      if (note('get', await bucket.read(name, { from: 0 }, take, call), 'and read')) {
        const isSame = Buffer.concat(pieces).equals(text);
        if (!isSame)
          findings.push({ name: 'bytes', state: 'failed', detail: 'other bytes came back' });
      }
      const again = await bucket.list(name, call);
      const at = again.ok ? again.value.find((entry) => entry.name === name)?.at : undefined;
      if (at !== undefined) findings.push(clockFinding(at, before, after));
      note(
        'delete',
        await bucket.remove(name, call),
        'and deleted, which `avian gc --remote` needs',
      );
    }
  }
  progress.stop();
  return findings;
}

function clockFinding(at: number, before: number, after: number): Finding {
  // Between the two is as good as the same; a disk's clock is coarse.
  const skew = at < before ? at - before : at > after ? at - after : 0;
  const seconds = Math.round(Math.abs(skew) / 1000);
  if (Math.abs(skew) <= MOST_SKEW) {
    const detail =
      seconds < 2 ? "the same as the remote's" : `${seconds} s apart from the remote's`;
    return { name: 'clock', state: 'ok', detail };
  }
  return {
    name: 'clock',
    state: 'warning',
    detail: `${seconds} s ${skew > 0 ? 'behind' : 'ahead of'} the remote's: tokens are refused, ages are wrong`,
    hint: 'sudo timedatectl set-ntp true',
  };
}

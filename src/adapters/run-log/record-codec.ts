import type { Deployment } from '../../model/deployment.ts';
import { isJsonObject } from '../../model/json.ts';
import {
  parseAttemptId,
  parseDigest,
  parseFingerprint,
  parseRepoPath,
  parseStageName,
} from '../../model/names.ts';
import type { StageFailure } from '../../model/failure.ts';
import { err, ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';
import type { RunRecord } from '../../model/run.ts';

/**
 * Finds the first place where a value is not of a shape; undefined when it is. A place reads
 * `outs.model.size`, and `` is the value itself.
 */
type Check = (value: unknown) => Fault | undefined;

interface Fault {
  readonly place: string;
  readonly expected: string;
}

/**
 * Reads a run record that may come from another machine or another avian. Fields that are not
 * known here are kept: a later avian may add some without changing `v`.
 */
export const parseRunRecord = (text: string): Result<RunRecord, string> =>
  parseAs<RunRecord>(text, runRecord);

export const parseDeployment = (text: string): Result<Deployment, string> =>
  parseAs<Deployment>(text, deployment);

function parseAs<T>(text: string, check: Check): Result<T, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err(`it is not JSON: ${(error as Error).message}`);
  }
  if (isJsonObject(value) && typeof value['v'] === 'number' && value['v'] > 1) {
    return err(`it was written by a newer avian (version ${value['v']})`);
  }
  const unfit = unfitness(value);
  if (unfit !== undefined) return err(unfit);
  const fault = check(value);
  if (fault === undefined) return ok(value as T);
  const place = fault.place === '' ? 'it' : `\`${fault.place.replace(/^\./, '')}\``;
  return err(`${place} is not ${fault.expected}`);
}

/** What reads a record walks it by recursion. No configuration is nested half as deep. */
const MOST_LEVELS = 500;

/** What JSON.parse takes and nothing behind it can hold. */
function unfitness(value: unknown): string | undefined {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) return `it is nested deeper than ${MOST_LEVELS} levels`;
    if (level.some((item) => typeof item === 'number' && !Number.isFinite(item))) {
      return 'it is a record with a number that is too large';
    }
    level = level.flatMap((item): unknown[] =>
      typeof item === 'object' && item !== null ? Object.values(item) : [],
    );
  }
  return undefined;
}

const where =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : { place: '', expected };

const inside = (name: string, fault: Fault | undefined): Fault | undefined =>
  fault && { place: `.${name}${fault.place}`, expected: fault.expected };

const anything: Check = () => undefined;
const text = where('a text', (value) => typeof value === 'string');
const flag = where('true or false', (value) => typeof value === 'boolean');
const number = where('a number', (value) => typeof value === 'number');
const amount = where(
  'a number of at least 0',
  (value) => Number(value) >= 0 && typeof value === 'number',
);
const object = where('an object', isJsonObject);
const only = (wanted: string | number | boolean): Check =>
  where(JSON.stringify(wanted), (value) => value === wanted);
const oneOf = (...wanted: readonly string[]): Check =>
  where(`one of ${wanted.join(', ')}`, (value) => wanted.includes(value as string));
const named = (expected: string, parse: (text: string) => string | undefined): Check =>
  where(expected, (value) => typeof value === 'string' && parse(value) === value);

const digest = named('a digest', parseDigest);
const path = named('a path inside the project', parseRepoPath);
const stageName = named('the name of a stage', parseStageName);
const time = where(
  'a time like 2026-01-31T10:15:00.000Z',
  (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
);

const list =
  (item: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return { place: '', expected: 'a list' };
    for (const [index, member] of value.entries()) {
      const fault = inside(String(index), item(member));
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

const map =
  (item: Check, name: Check = anything): Check =>
  (value) => {
    if (!isJsonObject(value)) return object(value);
    for (const [key, member] of Object.entries(value)) {
      const fault = inside(key, name(key) ?? item(member));
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

const fields =
  (
    required: { readonly [name: string]: Check },
    optional: { readonly [name: string]: Check } = {},
  ): Check =>
  (value) => {
    if (!isJsonObject(value)) return object(value);
    for (const [name, check] of Object.entries(required)) {
      const missing = Object.hasOwn(value, name) ? undefined : { place: '', expected: 'there' };
      const fault = inside(name, missing ?? check(value[name]));
      if (fault !== undefined) return fault;
    }
    for (const [name, check] of Object.entries(optional)) {
      const fault = Object.hasOwn(value, name) ? inside(name, check(value[name])) : undefined;
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

/** A union told apart by `kind`. An unknown kind is a fault: readers switch over those they know. */
const union =
  (kinds: { readonly [kind: string]: Check }): Check =>
  (value) => {
    const kind = isJsonObject(value) ? value['kind'] : undefined;
    if (typeof kind === 'string' && Object.hasOwn(kinds, kind)) return kinds[kind]?.(value);
    return { place: '.kind', expected: `one of ${Object.keys(kinds).join(', ')}` };
  };

const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null ? undefined : check(value);

const artifact = fields({ digest, size: amount }, { files: amount, executable: only(true) });

const gate = fields({ metric: text, comparison: oneOf('>=', '>', '<=', '<', '=='), bound: number });

const failures = {
  exited: fields({ code: number, tail: text }),
  signalled: fields({ signal: text, tail: text }),
  'timed-out': fields({ afterMs: amount }),
  'not-started': fields({ cause: text }),
  'dep-missing': fields({ path }, { producer: stageName }),
  'dep-unreadable': fields({ path, cause: text }),
  'dep-changed-during-run': fields({ path }),
  'wrote-others-out': fields({ path, owner: stageName }),
  'out-missing': fields({ path }),
  'out-refused': fields({ path, cause: text }),
  'restore-failed': fields({ path, cause: text }),
  'not-fetched': fields({ path, remote: text, cause: text }),
  'metrics-unreadable': fields({ path, cause: text }),
  'probe-failed': fields({ message: text }),
  'gate-failed': fields({ failed: list(fields({ path, gate }, { actual: number })) }),
} satisfies { readonly [kind in StageFailure['kind']]: Check };
const failure = union(failures);

const fingerprintInput = fields({
  recipe: only(1),
  cmd: list(text),
  wdir: path,
  deps: list(fields({ path, digest }, { executable: only(true) })),
  params: object,
  outs: list(path),
  env: map(nullOr(text)),
  tools: map(nullOr(text)),
});

const provenance = fields(
  { avian: text, host: text, user: text, platform: text, executor: only('local') },
  { commit: text, dirty: flag, facts: object },
);

const runRecord = fields(
  {
    v: only(1),
    stage: stageName,
    attempt: named('the name of an attempt', parseAttemptId),
    fingerprint: named('a fingerprint', parseFingerprint),
    input: fingerprintInput,
    outs: map(artifact, path),
    ending: union({ succeeded: anything, failed: fields({ failure }) }),
    metrics: map(map(number)),
    config: object,
    overrides: list(text),
    startedAt: time,
    durationMs: amount,
    provenance,
  },
  {
    log: fields({ digest, size: amount }),
    probe: digest,
    peakMemoryBytes: amount,
    adopted: oneOf('commit', 'import-dvc'),
  },
);

const deployment = fields(
  {
    v: only(1),
    name: text,
    target: oneOf('local', 'docker', 'cloud-run'),
    revision: text,
    url: text,
    startedAt: time,
    image: text,
    host: text,
  },
  {
    ...{ artifact: digest, pid: amount, startTicks: text, reference: text, resource: text },
    traffic: amount,
    gates: list(fields({ gate: text, passed: flag }, { actual: text })),
    override: text,
  },
);

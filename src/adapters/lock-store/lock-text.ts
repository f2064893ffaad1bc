import type { ArtifactRef } from '../../model/artifact.ts';
import type { Diagnostic, Problem } from '../../model/diagnostic.ts';
import { byCodeUnit, isJsonObject } from '../../model/json.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { contested } from '../../model/lock.ts';
import type {
  Contested,
  LockedSource,
  LockedStage,
  Origin,
  PipelineLock,
  SourceRef,
  StageEntry,
} from '../../model/lock.ts';
import { parseDigest, parseFingerprint, parseRepoPath, parseStageName } from '../../model/names.ts';
import { err, isNonEmpty, ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';
import { diagnose } from './lock-diagnostics.ts';
import type { LockFault } from './lock-diagnostics.ts';

/**
 * The lock as text: JSON, which is YAML too. Names sorted by code unit and each field on a line of
 * its own, so that git shows and merges it by stage. Equal locks give equal text.
 */
export function formatLock(lock: PipelineLock): string {
  const members = [
    ['version', String(lock.version)],
    ['sources', writeMap(lock.sources, writeSource, 1)],
    ['stages', writeMap(lock.stages, writeStage, 1)],
  ] as const;
  return `${writeObject(members, 0)}\n`;
}

type Members = readonly (readonly [string, string])[];

const writeStage = (stage: LockedStage, depth: number): string =>
  writeObject(
    [...stageMembers(stage, depth), ...conflictMember(stage.conflict, stageMembers, depth)],
    depth,
  );

const stageMembers = ({ fingerprint, outs }: StageEntry, depth: number): Members => [
  ['fingerprint', JSON.stringify(fingerprint)],
  ['outs', writeMap(outs, writeRef, depth + 1)],
];

const writeSource = (source: LockedSource, depth: number): string =>
  writeObject(
    [...sourceMembers(source, depth), ...conflictMember(source.conflict, sourceMembers, depth)],
    depth,
  );

const sourceMembers = ({ from, ...ref }: SourceRef, depth: number): Members => [
  ...refMembers(ref),
  ...(from === undefined ? [] : [['from', writeObject(originMembers(from), depth + 1)] as const]),
];

const originMembers = ({ url, etag, modified, size }: Origin): Members => [
  ['url', JSON.stringify(url)],
  ...(etag === undefined ? [] : [['etag', JSON.stringify(etag)] as const]),
  ...(modified === undefined ? [] : [['modified', JSON.stringify(modified)] as const]),
  ['size', String(size)],
];

const writeRef = (ref: ArtifactRef, depth: number): string => writeObject(refMembers(ref), depth);

const refMembers = ({ digest, size, files, executable }: ArtifactRef): Members => [
  ['digest', JSON.stringify(digest)],
  ['size', String(size)],
  ...(files === undefined ? [] : [['files', String(files)] as const]),
  ...(executable === true ? [['executable', 'true'] as const] : []),
];

function conflictMember<T>(
  conflict: readonly T[] | undefined,
  members: (value: T, depth: number) => Members,
  depth: number,
): Members {
  if (conflict === undefined) return [];
  const items = conflict.map((value) => writeObject(members(value, depth + 2), depth + 2));
  const indent = '  '.repeat(depth + 1);
  return [['conflict', `[\n${indent}  ${items.join(`,\n${indent}  `)}\n${indent}]`]];
}

function writeMap<T>(
  map: { readonly [name: string]: T },
  write: (value: T, depth: number) => string,
  depth: number,
): string {
  const entries = Object.entries(map).sort(([a], [b]) => byCodeUnit(a, b));
  const members = entries.map(([name, value]) => [name, write(value, depth + 1)] as const);
  return writeObject(members, depth);
}

// By hand, since objects put names that look like numbers first, and JSON.stringify follows them.
function writeObject(members: Members, depth: number): string {
  if (members.length === 0) return '{}';
  const indent = '  '.repeat(depth);
  const lines = members.map(([name, text]) => `${indent}  ${JSON.stringify(name)}: ${text}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

/**
 * Reads a lock strictly: every fault is reported, with its place. A text that is byte for byte what
 * `formatLock` writes, nearly every one, is read by `JSON.parse` alone.
 */
export function parseLock(text: string): Result<PipelineLock, Problem> {
  const value = parseJson(text);
  const faults: LockFault[] = [];
  const lock = value === undefined ? undefined : readLock(value, faults);
  if (lock !== undefined && faults.length === 0 && formatLock(lock) === text) return ok(lock);
  const diagnostics: Diagnostic[] = diagnose(text, faults);
  if (isNonEmpty(diagnostics)) return err({ kind: 'pipeline', diagnostics });
  if (lock === undefined) throw new Error('bug: a lock that cannot be read has no fault');
  return ok(lock);
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

type Fault = (
  code: LockFault['code'],
  at: readonly string[],
  message: string,
  name?: true,
) => undefined;

function readLock(value: JsonValue, faults: LockFault[]): PipelineLock | undefined {
  const fault: Fault = (code, at, message, name) => {
    faults.push({ code, at, message, ...(name && { name }) });
    return undefined;
  };
  if (!isJsonObject(value)) {
    fault('lock/invalid', [], 'a lock is an object');
    return undefined;
  }
  const { version } = value;
  if (typeof version === 'number' && version > 1) {
    fault('lock/newer', ['version'], `it was written by a newer avian (version ${version})`);
    return undefined;
  }
  if (version !== 1) fault('lock/invalid', ['version'], '`version` has to be 1');
  refuseOthers(value, [], ['version', 'sources', 'stages'], fault);
  return {
    version: 1,
    sources: readMap(value['sources'], ['sources'], isPath, readSource, fault),
    stages: readMap(value['stages'], ['stages'], isStage, readStage, fault),
  };
}

type Read<T> = (value: JsonValue, at: readonly string[], fault: Fault) => T | undefined;

const readStage: Read<LockedStage> = (value, at, fault) => readApart(value, at, readEntry, fault);
const readSource: Read<LockedSource> = (value, at, fault) =>
  readApart(value, at, readSourceRef, fault);

/** An entry, and beside its own members what other branches have in its place. */
function readApart<T>(
  value: JsonValue,
  at: readonly string[],
  read: Read<T>,
  fault: Fault,
): Contested<T> | undefined {
  const { conflict, ...alone } = isJsonObject(value) ? value : {};
  const entry = read(conflict === undefined ? value : alone, at, fault);
  if (conflict === undefined) return entry && contested(entry, []);
  const place = [...at, 'conflict'];
  if (!Array.isArray(conflict) || conflict.length === 0) {
    return fault('lock/invalid', place, '`conflict` is a list of what other branches have here');
  }
  const others = (conflict as readonly JsonValue[]).map((other) => read(other, place, fault));
  return (
    entry &&
    contested(
      entry,
      others.flatMap((other) => other ?? []),
    )
  );
}

function readEntry(value: JsonValue, at: readonly string[], fault: Fault): StageEntry | undefined {
  if (!isJsonObject(value)) return fault('lock/invalid', at, 'a stage is an object');
  refuseOthers(value, at, ['fingerprint', 'outs'], fault);
  const text = value['fingerprint'];
  const fingerprint = typeof text === 'string' ? parseFingerprint(text) : undefined;
  if (fingerprint === undefined) {
    fault('lock/invalid', [...at, 'fingerprint'], 'a fingerprint is `f1:` and 64 hex digits');
  }
  const outs = readMap(value['outs'], [...at, 'outs'], isPath, readRef, fault);
  return fingerprint && { fingerprint, outs };
}

const readSourceRef: Read<SourceRef> = (value, at, fault) => {
  const { from, ...alone } = isJsonObject(value) ? value : {};
  const ref = readRef(from === undefined ? value : alone, at, fault);
  const origin = from === undefined ? undefined : readOrigin(from, [...at, 'from'], fault);
  return ref && { ...ref, ...(origin !== undefined && { from: origin }) };
};

const readOrigin: Read<Origin> = (value, at, fault) => {
  if (!isJsonObject(value)) return fault('lock/invalid', at, '`from` is an object');
  refuseOthers(value, at, ['url', 'etag', 'modified', 'size'], fault);
  const { url, etag, modified, size } = value;
  for (const [name, text] of Object.entries({ url, etag, modified })) {
    if (typeof text === 'string' || (text === undefined && name !== 'url')) continue;
    fault('lock/invalid', [...at, name], `\`${name}\` is a text`);
  }
  if (!isCount(size)) fault('lock/invalid', [...at, 'size'], 'a size is a whole number of bytes');
  if (typeof url !== 'string' || !isCount(size)) return undefined;
  return {
    url,
    ...(typeof etag === 'string' && { etag }),
    ...(typeof modified === 'string' && { modified }),
    size,
  };
};

function readRef(value: JsonValue, at: readonly string[], fault: Fault): ArtifactRef | undefined {
  if (!isJsonObject(value)) return fault('lock/invalid', at, 'an artifact is an object');
  refuseOthers(value, at, ['digest', 'size', 'files', 'executable'], fault);
  const { digest: text, size, files, executable } = value;
  const digest = typeof text === 'string' ? parseDigest(text) : undefined;
  if (digest === undefined) {
    fault('lock/invalid', [...at, 'digest'], 'a digest is `b3:` and 64 hex digits');
  }
  if (!isCount(size)) fault('lock/invalid', [...at, 'size'], 'a size is a whole number of bytes');
  if (files !== undefined && !isCount(files)) {
    fault('lock/invalid', [...at, 'files'], '`files` is a whole number');
  }
  if (executable !== undefined && executable !== true) {
    fault('lock/invalid', [...at, 'executable'], '`executable` is true or left out');
  }
  if (digest === undefined || !isCount(size)) return undefined;
  return {
    digest,
    size,
    ...(isCount(files) && { files }),
    ...(executable === true && { executable }),
  };
}

function readMap<T>(
  value: JsonValue | undefined,
  at: readonly string[],
  accepts: (name: string) => boolean,
  read: Read<T>,
  fault: Fault,
): { readonly [name: string]: T } {
  if (!isJsonObject(value)) {
    fault('lock/invalid', at, `\`${at.at(-1) ?? ''}\` has to be an object`);
    return {};
  }
  const entries: [string, T][] = [];
  for (const [name, member] of Object.entries(value)) {
    const here = [...at, name];
    if (!accepts(name)) fault('lock/invalid', here, `\`${name}\` cannot be a name here`, true);
    const item = read(member, here, fault);
    if (item !== undefined) entries.push([name, item]);
  }
  return Object.fromEntries(entries);
}

function refuseOthers(
  value: JsonObject,
  at: readonly string[],
  known: readonly string[],
  fault: Fault,
): void {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    fault('lock/unknown-field', [...at, name], `\`${name}\` is not a field here`, true);
  }
}

const isPath = (name: string): boolean => parseRepoPath(name) === name;
const isStage = (name: string): boolean => parseStageName(name) === name;
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isJsonObject, type JsonValue } from '../../model/json.ts';
import { parseRepoPath, type RepoPath } from '../../model/names.ts';
import type { FileRead, Traced } from '../../model/trace.ts';

/** Best effort: a trace that a full disk refuses is no reason to lose the stage that was traced. */
export function writeTrace(file: string, { by, accesses }: Traced): void {
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify({ v: 1, by, accesses })}\n`);
    renameSync(`${file}.new`, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

/** Undefined when there is none, or one that another version wrote in another form. */
export function readTrace(file: string): Traced | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(readFileSync(file, 'utf8')) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value['v'] !== 1) return undefined;
  const { by, accesses } = value;
  if ((by !== 'strace' && by !== 'node') || !isJsonObject(accesses)) return undefined;
  const read = listOf(accesses['read'], parseRead);
  const listed = listOf(accesses['listed'], parsePath);
  const written = listOf(accesses['written'], parsePath);
  if (read === undefined || listed === undefined || written === undefined) return undefined;
  return { kind: 'traced', by, accesses: { read, listed, written } };
}

function listOf<T>(
  value: JsonValue | undefined,
  parse: (item: JsonValue) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parsed = (value as readonly JsonValue[]).map(parse);
  return parsed.every((item) => item !== undefined) ? parsed : undefined;
}

const parsePath = (value: JsonValue): RepoPath | undefined =>
  typeof value === 'string' ? parseRepoPath(value) : undefined;

function parseRead(value: JsonValue): FileRead | undefined {
  if (!isJsonObject(value)) return undefined;
  const path = parsePath(value['path'] ?? null);
  if (path === undefined) return undefined;
  if (value['real'] === undefined) return { path };
  const real = parsePath(value['real']);
  return real === undefined ? undefined : { path, real };
}

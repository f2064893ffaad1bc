import * as fs from 'node:fs';
import { byCodeUnit } from '../../model/json.ts';
import { isErrno } from '../workspace/failure.ts';
import { Ignores } from '../workspace/ignores.ts';
import { PIECE } from '../workspace/read-pieces.ts';
import { startMd5, type ManifestEntry } from './dvc-md5.ts';

const IGNORE_FILE = '.dvcignore';
/** What DVC never looks at. */
const BUILT_IN = '.git\n.hg/\n.dvc/\n';

/**
 * Every file of the project below `from`, with its path relative to `root`; what .dvcignore files
 * leave out is left out. Links are followed, as DVC does.
 */
export function* walkFiles(
  root: string,
  from: string,
  skip: (path: string) => boolean = () => false,
): Generator<string> {
  yield* walk(root, from, ignoresAbove(root, from), skip, new Set());
}

function* walk(
  root: string,
  folder: string,
  above: Ignores,
  skip: (path: string) => boolean,
  open: ReadonlySet<string>,
): Generator<string> {
  const real = fs.realpathSync(`${root}/${folder}`);
  // A link to a folder around it would go on for ever.
  if (open.has(real)) return;
  const inside = new Set(open).add(real);
  const ignore = withOwnRules(root, folder, above);
  for (const name of fs.readdirSync(`${root}/${folder}`).sort(byCodeUnit)) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const stat = statOf(`${root}/${path}`);
    if (stat === undefined) continue;
    if (ignore.excludes(`${root}/${path}`, stat.isDirectory()) || skip(path)) continue;
    if (stat.isDirectory()) yield* walk(root, path, ignore, skip, inside);
    else if (stat.isFile()) yield path;
  }
}

function ignoresAbove(root: string, folder: string): Ignores {
  const parts = folder === '' ? [] : folder.split('/').slice(0, -1);
  let ignore = new Ignores([], undefined, true).with(root, BUILT_IN);
  if (folder === '') return ignore;
  ignore = withOwnRules(root, '', ignore);
  for (const [at] of parts.entries()) {
    ignore = withOwnRules(root, parts.slice(0, at + 1).join('/'), ignore);
  }
  return ignore;
}

function withOwnRules(root: string, folder: string, above: Ignores): Ignores {
  try {
    const directory = folder === '' ? root : `${root}/${folder}`;
    return above.with(directory, fs.readFileSync(`${directory}/${IGNORE_FILE}`, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return above;
    throw error;
  }
}

/** Undefined for a link to nowhere. */
function statOf(path: string): fs.Stats | undefined {
  try {
    return fs.statSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** The MD5 of a file as DVC has it. */
export function md5OfFile(path: string, legacy: boolean, onBytes: (bytes: number) => void): string {
  const md5 = startMd5(legacy);
  const piece = Buffer.allocUnsafe(PIECE);
  const fd = fs.openSync(path, 'r');
  try {
    for (;;) {
      const got = fs.readSync(fd, piece, 0, PIECE, null);
      if (got === 0) return md5.hex();
      md5.update(piece.subarray(0, got));
      onBytes(got);
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** The files of a directory as DVC lists them. */
export function manifestOf(
  root: string,
  folder: string,
  legacy: boolean,
  onBytes: (bytes: number) => void,
): readonly ManifestEntry[] {
  return [...walkFiles(root, folder)].map((path) => ({
    path: path.slice(folder.length + 1),
    md5: md5OfFile(`${root}/${path}`, legacy, onBytes),
  }));
}

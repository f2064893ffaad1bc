import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { ArtifactRef } from '../../model/artifact.ts';
import { problem } from '../../model/diagnostic.ts';
import type { DvcHash } from '../../model/dvc.ts';
import type { Emit } from '../../model/event.ts';
import type { RepoPath } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { DvcCache, DvcCacheProblem } from '../../ports/dvc-cache.ts';
import { hashText } from '../hash/blake3.ts';
import { openDisk, type Step } from '../workspace/disk.ts';
import { openDurability } from '../workspace/durability.ts';
import { isErrno, problemOf } from '../workspace/failure.ts';
import { digestOf, layoutOf } from '../workspace/layout.ts';
import { openObjects } from '../workspace/objects.ts';
import { startProgress, type Progress } from '../workspace/progress.ts';
import { convertFile } from './convert-file.ts';
import { manifestText, parseManifest, type ManifestEntry } from './dvc-md5.ts';
import { treeOf, type TreeFile } from './dvc-tree.ts';
import { manifestOf, md5OfFile, walkFiles } from './dvc-walk.ts';

export interface DvcCacheOptions {
  /** Absolute path of the project. */
  readonly root: string;
  /** Absolute path of avian's `cache/v1`. */
  readonly cache: string;
  /** `cache.dir` of DVC's configuration, relative to `.dvc`. */
  readonly cacheDir: string | undefined;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** For tests: called before every change to the disk. */
  readonly step?: Step;
}

export interface OpenDvcCache extends DvcCache {
  close(): void;
}

/** Never DVC files of this project, and large. */
const NOT_LOOKED_INTO = new Set(['node_modules', 'cache/v1']);

export function openDvcCache(options: DvcCacheOptions): OpenDvcCache {
  const { root, signal } = options;
  const layout = layoutOf(root, options.cache);
  const disk = openDisk(options.step);
  const durability = openDurability(layout, disk);
  const objects = openObjects(layout, disk, durability);
  const store = { objects: layout.objects, temporary: layout.tmpObjects };
  const caches = [
    ...(options.cacheDir === undefined ? [] : [resolve(root, '.dvc', options.cacheDir)]),
    `${root}/.dvc/cache`,
  ];
  const known = new Map<string, ArtifactRef>();
  let files = 0;
  let bytes = 0;

  const locate = ({ md5, directory, legacy }: DvcHash): string | undefined => {
    const below = `${md5.slice(0, 2)}/${md5.slice(2)}${directory ? '.dir' : ''}`;
    // `dvc cache migrate` moves what is legacy to the new place.
    const places = legacy ? [below, `files/md5/${below}`] : [`files/md5/${below}`, below];
    return caches
      .flatMap((cache) => places.map((place) => `${cache}/${place}`))
      .find((path) => fs.statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  };

  const missing = (hash: DvcHash): readonly string[] => {
    const path = locate(hash);
    if (path === undefined) return [hash.directory ? `${hash.md5}.dir` : hash.md5];
    const entries = hash.directory ? readManifest(path) : [];
    const absent = (entries ?? []).filter(
      ({ md5 }) => locate({ md5, directory: false, legacy: hash.legacy }) === undefined,
    );
    return [...new Set(absent.map(({ md5 }) => md5))];
  };

  const convertBlob = (hash: DvcHash, progress: Progress): Result<ArtifactRef, DvcCacheProblem> => {
    const name = `${hash.md5} ${hash.legacy}`;
    const before = known.get(name);
    if (before !== undefined) return ok(before);
    const path = locate(hash);
    if (path === undefined) return err({ kind: 'missing', objects: [hash.md5] });
    const converted = convertFile(path, hash, store, disk, (more) => {
      progress.add(0, more);
    });
    if (converted === undefined) return err({ kind: 'corrupt', object: path });
    const { hex, size, isNew } = converted;
    if (isNew) durability.noteWritten([hex]);
    progress.add(1, 0);
    files += 1;
    bytes += size;
    const ref = { digest: digestOf(hex), size };
    known.set(name, ref);
    return ok(ref);
  };

  const convertDirectory = async (
    hash: DvcHash,
    progress: Progress,
  ): Promise<Result<ArtifactRef, DvcCacheProblem>> => {
    const path = locate(hash);
    const absent = missing(hash);
    if (path === undefined || absent.length > 0) return err({ kind: 'missing', objects: absent });
    const entries = readManifest(path);
    if (entries === undefined || md5Of(fs.readFileSync(path)) !== hash.md5) {
      return err({ kind: 'corrupt', object: path });
    }
    const members: TreeFile[] = [];
    for (const { path: below, md5 } of entries) {
      signal.throwIfAborted();
      const blob = convertBlob({ md5, directory: false, legacy: hash.legacy }, progress);
      if (!blob.ok) return blob;
      members.push({ path: below, digest: blob.value.digest, size: blob.value.size });
      // Others get a turn: a signal, the line that says how far this is.
      if (members.length % 64 === 0) await setImmediate();
    }
    const tree = treeOf(members, hashText, (digest, text) => {
      objects.putNode(digest, text);
    });
    return tree.ok ? tree : err({ kind: 'refused', cause: tree.error });
  };

  return {
    files: () =>
      [
        ...walkFiles(
          root,
          '',
          (path) => NOT_LOOKED_INTO.has(path) || /(^|\/)node_modules$/.test(path),
        ),
      ].filter((path) => /(^|\/)(dvc\.yaml|Dvcfile|\.dvcignore|[^/]+\.dvc)$/.test(path)),

    missing,

    async convert(hash, path) {
      await setImmediate();
      signal.throwIfAborted();
      const progress = startProgress(options.emit, 'committing', path);
      try {
        objects.prepare('write');
        return hash.directory
          ? await convertDirectory(hash, progress)
          : convertBlob(hash, progress);
      } catch (error) {
        if (isErrno(error, 'ENOSPC', 'EDQUOT')) throw noSpace(path, error);
        const found = problemOf(error, path);
        if (found?.kind !== 'io') throw error;
        return err({ kind: 'refused', cause: found.cause });
      }
    },

    async matches(path, hash) {
      const absolute = `${root}/${path}`;
      const progress = startProgress(options.emit, 'digesting', path);
      const onBytes = (more: number): void => {
        progress.add(0, more);
      };
      try {
        const isDirectory = fs.statSync(absolute).isDirectory();
        if (isDirectory !== hash.directory) return false;
        if (!isDirectory) return md5OfFile(absolute, hash.legacy, onBytes) === hash.md5;
        const manifest = manifestOf(root, path, hash.legacy, onBytes);
        return md5Of(Buffer.from(manifestText(manifest))) === hash.md5;
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return false;
        throw error;
      }
    },

    copied: () => ({ files, bytes }),
    sync: () => durability.barrier(),
    close: () => {
      durability.close();
    },
  };
}

const readManifest = (path: string): readonly ManifestEntry[] | undefined =>
  parseManifest(fs.readFileSync(path, 'utf8'));

/** No use in going on with the next file. */
const noSpace = (path: RepoPath, cause: unknown): ProblemError =>
  new ProblemError(
    problem(
      'stage',
      'import-dvc/no-space',
      `no space left for \`${path}\` in avian's cache`,
      'make room and import again: what was copied is not copied twice',
    ),
    { cause },
  );

const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

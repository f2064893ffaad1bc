import { chmod, copyFile, mkdir, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Problem } from '../../model/diagnostic.ts';
import { ok, type Result } from '../../model/result.ts';
import type { CopySource } from '../../ports/image-store.ts';
import { collectEntries } from '../oci/entries.ts';

/**
 * Copies what is to go into an image to `context`, as `0`, `1`, …: engines read one folder only. Modes
 * and times are what a layer of ours has, so that an engine's own cache knows the content again.
 */
export async function stageContext(
  copies: readonly CopySource[],
  context: string,
  epoch: number,
): Promise<Result<void, Problem>> {
  await mkdir(context, { recursive: true });
  for (const [index, { source }] of copies.entries()) {
    const entries = await collectEntries({ source, destination: `/${index}` });
    if (!entries.ok) return entries;
    for (const entry of entries.value) {
      const path = join(context, entry.path);
      if (entry.kind === 'directory') await mkdir(path, { recursive: true });
      else await mkdir(dirname(path), { recursive: true });
      if (entry.kind === 'link') await symlink(entry.target, path);
      if (entry.kind === 'file' && 'path' in entry.from) await copyFile(entry.from.path, path);
      if (entry.kind !== 'link') await chmod(path, entry.mode);
    }
    for (const entry of entries.value.toReversed()) {
      if (entry.kind !== 'link') await utimes(join(context, entry.path), epoch, epoch);
    }
  }
  return ok(undefined);
}

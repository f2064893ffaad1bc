import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { ParsedTarEntry } from 'modern-tar';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { eachEntry } from './docker-archive.ts';
import { sortEntries, type Entry } from './entries.ts';
import { bodyOf, Refused, skipBody } from './layer-reader.ts';

/**
 * The entries of a layer that an engine made, as this store writes layers: in order of their paths and
 * without times, so that the same content gives the same layer whoever built it, and when. Bodies
 * come into `folder`.
 */
export async function foreignEntries(
  archive: string,
  folder: string,
): Promise<Result<readonly Entry[], Problem>> {
  await mkdir(folder, { recursive: true });
  const entries: Entry[] = [];
  try {
    await eachEntry(createReadStream(archive, { highWaterMark: 1 << 18 }), async (entry) => {
      const body = join(folder, String(entries.length));
      const read = await entryOf(entry, body);
      if (read !== undefined) entries.push(read);
    });
  } catch (error) {
    if (error instanceof Refused) return err(error.problem);
    throw error;
  }
  // What a hard link names has to come before it.
  const sorted = sortEntries(entries);
  const isLink = ({ kind }: Entry): boolean => kind === 'hard-link';
  return ok([...sorted.filter((entry) => !isLink(entry)), ...sorted.filter(isLink)]);
}

async function entryOf(parsed: ParsedTarEntry, body: string): Promise<Entry | undefined> {
  const { name, type = 'file', mode = 0o644, uid = 0, gid = 0, linkname = '' } = parsed.header;
  const path = name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
  const attributes = Object.entries(parsed.header.pax ?? {}).filter(([key]) =>
    key.startsWith('SCHILY.xattr.'),
  );
  const common = {
    path,
    mode: mode & 0o7777,
    ...(uid !== 0 && { uid }),
    ...(gid !== uid && { gid }),
    ...(attributes.length > 0 && { pax: Object.fromEntries(attributes) }),
  };
  if (type !== 'file') await skipBody(parsed);
  if (path === '' || path === '.') return undefined;
  switch (type) {
    case 'directory':
      return { ...common, kind: 'directory' };
    case 'symlink':
      return { ...common, mode: 0o777, kind: 'link', target: linkname };
    case 'link':
      return { ...common, kind: 'hard-link', target: linkname.replace(/^(\.?\/)+/, '') };
    case 'file': {
      const hash = createHash('sha256');
      let size = 0;
      await pipeline(
        bodyOf(parsed),
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(body),
      );
      return { ...common, kind: 'file', from: { path: body }, size, sha256: hash.digest('hex') };
    }
    default:
      throw new Refused(
        problem(
          'usage',
          'image/source-refused',
          `\`/${path}\` cannot go into an image: it is neither a file, a directory nor a link`,
          'leave it out in the Dockerfile, or make it when the container starts',
        ),
      );
  }
}

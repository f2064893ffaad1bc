import { globSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { LayerSource } from '../../ports/image-store.ts';
import {
  fileEntry,
  isNativeModule,
  parents,
  sortEntries,
  textEntry,
  type Entry,
} from './entries.ts';
import { resolveLibraries, type MissingLibrary } from './libraries.ts';

/**
 * A base layer from this machine: Node, its loader and libraries, and the few files that the C
 * library asks for. No shell, no package manager, 105 MB unpacked.
 *
 * ```
 * usr/local/bin/node   lib64/ld-linux-x86-64.so.2   lib/x86_64-linux-gnu/*.so.*
 * etc/{passwd,group,nsswitch.conf}   home/nonroot   tmp
 * ```
 */
export async function nodeLayerEntries(
  source: Extract<LayerSource, { kind: 'node' }>,
  nodeProgram: string,
): Promise<Result<readonly Entry[], Problem>> {
  const modules: string[] = [];
  for (const { source: path } of source.serves) {
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() === true && isNativeModule(path)) modules.push(path);
    if (info?.isDirectory() !== true) continue;
    modules.push(
      ...globSync('**/*', { cwd: path })
        .filter(isNativeModule)
        .map((name) => join(path, name)),
    );
  }
  const libraries = await resolveLibraries(nodeProgram, modules);
  const missing = libraries.missing.filter(({ name }) => !source.allowMissing.includes(name));
  if (missing.length > 0) return err(librariesMissing(missing));

  const files: Entry[] = [];
  for (const { path, source: from } of [
    { path: '/usr/local/bin/node', source: nodeProgram },
    ...(libraries.loader === undefined ? [] : [libraries.loader]),
    ...libraries.found,
  ]) {
    files.push(await fileEntry(path.slice(1), from, 0o755));
  }
  const user = source.user;
  files.push(
    textEntry(
      'etc/passwd',
      `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${user}:${user}:nonroot:/home/nonroot:/sbin/nologin\n`,
    ),
    textEntry('etc/group', `root:x:0:\nnonroot:x:${user}:\n`),
    // Without it glibc asks DNS for `localhost` first.
    textEntry('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    { path: 'home/nonroot', mode: 0o755, kind: 'directory', uid: user },
    { path: 'tmp', mode: 0o1777, kind: 'directory' },
  );
  return ok(sortEntries([...files, ...files.flatMap(({ path }) => parents(path))]));
}

const librariesMissing = (missing: readonly MissingLibrary[]): Problem => ({
  kind: 'usage',
  diagnostics: missing.flatMap(
    ({ name, neededBy }) =>
      problem(
        'usage',
        'image/library-missing',
        `\`${neededBy}\` needs the shared library \`${name}\`, which is not on this machine`,
        `install it, leave that file out of the copied folder, or pass --allow-missing ${name}`,
      ).diagnostics,
  ),
});

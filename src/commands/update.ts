import { problem, type Problem } from '../model/diagnostic.ts';
import type { SourceRef } from '../model/lock.ts';
import { contains, parseRepoPath, type RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { PathsView } from '../model/views.ts';
import { place, talk, type Done, type ImportContext } from './fetch-source.ts';
import { holdingProject } from './hold-project.ts';

/** `avian update [path…]`: asks where imported data came from, and takes it in anew where it changed. */
export async function update(
  options: { readonly paths: readonly string[] },
  context: ImportContext,
): Promise<Result<PathsView, Problem>> {
  const { ports, downloads } = context;
  return holdingProject(context, async () => {
    const lock = await ports.lock.read();
    if (!lock.ok) return lock;
    const chosen = choose(lock.value.sources, options.paths);
    if (!chosen.ok) return chosen;
    const done: Done[] = [];
    for (const { path, source, from } of chosen.value) {
      // What is not in the cache is fetched whatever the server says of it, as after a fresh clone.
      const isHere = await ports.workspace.holds(source);
      const fetched = await downloads.fetch(from.url, {
        ...talk(path, context),
        ...(isHere && { known: from }),
      });
      // What was updated before it stays: each is whole by itself.
      if (!fetched.ok) {
        await ports.lock.flush();
        return fetched;
      }
      if (fetched.value === 'unchanged') {
        const { digest, size } = source;
        done.push({ path, done: 'unchanged', digest, size });
        continue;
      }
      const isSame = fetched.value.digest === source.digest;
      const placed = await place(path, fetched.value, isSame ? 'restored' : 'updated', context);
      if (!placed.ok) return placed;
      done.push(placed.value);
    }
    await ports.lock.flush();
    return ok({ paths: done });
  });
}

function choose(
  sources: { readonly [path: string]: SourceRef },
  texts: readonly string[],
): Result<
  readonly { path: RepoPath; source: SourceRef; from: NonNullable<SourceRef['from']> }[],
  Problem
> {
  const imported = Object.entries(sources).flatMap(([path, source]) =>
    source.from === undefined ? [] : [{ path: path as RepoPath, source, from: source.from }],
  );
  if (texts.length === 0) return ok(imported);
  const chosen = new Set<(typeof imported)[number]>();
  for (const text of texts) {
    const wanted = parseRepoPath(text);
    const found = imported.filter(({ path }) => wanted !== undefined && contains(wanted, path));
    if (found.length === 0)
      return err(notImported(text, wanted !== undefined && wanted in sources));
    for (const each of found) chosen.add(each);
  }
  return ok([...chosen]);
}

const notImported = (text: string, isAdded: boolean): Problem =>
  problem(
    'usage',
    'update/not-imported',
    isAdded
      ? `\`${text}\` was added from here, so there is nowhere to ask for a newer version`
      : `nothing was imported at \`${text}\``,
    isAdded ? '`avian add` takes in what changed' : '`avian import-url` imports',
  );

import { problem, type Problem } from '../model/diagnostic.ts';
import type { ExportView } from '../model/read-views.ts';
import { ProblemError } from '../model/problem-error.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { ExportTarget } from '../ports/export-target.ts';
import { openBucketTarget, type Checksum } from '../transfer/bucket-target.ts';
import { chooseInside } from '../transfer/choose.ts';
import type { Want } from '../transfer/closure.ts';
import { exportTo, plainTree, type Exported, type PlainTree } from '../transfer/export.ts';
import { asResult } from '../transfer/problems.ts';
import { startProgress } from '../transfer/progress.ts';
import { readTrees } from '../transfer/read-trees.ts';
import { openTools, type OpenRemote } from '../transfer/tools.ts';
import { bringToCache, connector, readNamedData, type ReadOptions } from './named-data.ts';
import { transferPorts, type RemoteContext } from './remote-context.ts';

export interface ExportOptions extends ReadOptions {
  readonly targets: readonly string[];
  /** A folder or `gs://bucket/prefix`. */
  readonly to: string;
  /** Replace files that are there and differ. */
  readonly force: boolean;
}

/** A place that was opened for an export. */
export type Destination =
  | { readonly kind: 'folder'; readonly target: ExportTarget }
  | { readonly kind: 'bucket'; readonly bucket: OpenRemote; readonly checksum: Checksum };

export interface ExportContext extends RemoteContext {
  readonly open: (to: string) => Promise<Destination>;
}

/**
 * `avian export`: data as plain files, each at its path of the project below the destination. Nothing
 * that lies there is overwritten unless forced.
 */
export async function exportData(
  options: ExportOptions,
  context: ExportContext,
): Promise<Result<ExportView, Problem>> {
  const { targets, to, jobs } = options;
  const data = await readNamedData(options, context);
  if (!data.ok) return data;
  const { tracked, remote } = data.value;
  const transfer = { jobs, signal: context.signal };
  const wants = await readTrees(
    connector(data.value, context),
    transferPorts(context),
    transfer,
    async ({ nodes }) => {
      const choice = { targets, allowMissing: false };
      const chosen = await chooseInside(tracked, choice, nodes, remote?.url ?? 'a remote');
      if (!chosen.ok) throw new ProblemError(chosen.error);
      return chosen.value;
    },
  );
  if (!wants.ok) return wants;
  const brought = await bringToCache(wants.value, data.value, jobs, context);
  if (!brought.ok) return brought;
  const tree = await asResult(async () => plainTree(wants.value, context.objects));
  if (!tree.ok) return tree;
  const done = await write(wants.value, tree.value, options, context);
  if (!done.ok) return done;
  const { differing, ...view } = done.value;
  if (differing.length > 0) return err(differs(differing, to));
  return ok({ ...view, to, paths: wants.value.map(({ path }) => path) });
}

async function write(
  wants: readonly Want[],
  tree: PlainTree,
  { to, jobs, force }: ExportOptions,
  context: ExportContext,
): Promise<Result<Exported, Problem>> {
  const { signal, objects, ports } = context;
  const destination = await context.open(to);
  if (destination.kind === 'folder') {
    const progress = startProgress('push', ports);
    const how = { jobs, signal, objects, progress, replace: force };
    return exportTo(destination.target, tree, how);
  }
  const { bucket, checksum } = destination;
  const tools = openTools('push', bucket, transferPorts(context), { jobs, signal });
  const tops = wants.map(({ path }) => path);
  const target = await asResult(() => openBucketTarget(tops, tools, checksum));
  if (target.ok) {
    const how = { jobs, signal, objects, progress: tools.progress, replace: force };
    return exportTo(target.value, tree, how);
  }
  tools.progress.stop();
  return target;
}

const differs = (names: readonly string[], to: string): Problem =>
  problem(
    'stage',
    'export/differs',
    `${to} has other content at ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}, which stays; the rest was written`,
    '--force replaces it',
  );

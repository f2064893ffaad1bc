import { awaitedBy, type Graph } from '../model/graph.ts';
import type { StageName } from '../model/names.ts';
import type { Selection } from './request.ts';

/**
 * The stages wanted, in topological order. Static and pure: what of them has to run is decided
 * later, stage by stage.
 *
 *     fetch -> stats -> train -> evaluate        plan(train)              = fetch stats train
 *                         \---> quantize         plan(train, single)      = train
 *                                                plan(train, downstream)  = train evaluate quantize
 *
 * What a frozen stage reads is not wanted for its sake, and it is not behind what it reads.
 */
export function plan(graph: Graph, selection: Selection): readonly StageName[] {
  if (selection.targets.length === 0) return graph.order;
  if (selection.single) return inOrder(graph, new Set(selection.targets));
  const neighbours = (name: StageName): readonly StageName[] =>
    selection.downstream
      ? (graph.consumers.get(name) ?? []).filter((consumer) =>
          awaitedBy(graph, consumer).includes(name),
        )
      : awaitedBy(graph, name);
  return inOrder(graph, closure(selection.targets, neighbours));
}

function closure(
  start: readonly StageName[],
  neighbours: (name: StageName) => readonly StageName[],
): ReadonlySet<StageName> {
  const reached = new Set<StageName>();
  const waiting = [...start];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    waiting.push(...neighbours(name));
  }
  return reached;
}

const inOrder = (graph: Graph, wanted: ReadonlySet<StageName>): readonly StageName[] =>
  graph.order.filter((name) => wanted.has(name));

import type { JsonObject } from '../model/json.ts';
import type { Run } from '../model/run.ts';
import type { Verdict } from '../model/verdict.ts';
import type { WhyView } from '../model/views.ts';
import {
  describeCommit,
  describeReason,
  describeRun,
  describeVerdict,
  inRemote,
  oneLine,
  value,
} from './describe.ts';
import { encodeOrigin } from './event-codec.ts';
import { glyphOf, encodeVerdict } from './status.ts';
import type { Style } from './style.ts';

/** A question asked in a hurry gets an answer that is read at a glance. */
const LINES = 5;

/**
 * Why a stage would run, or would not. At most five lines unless `all`:
 *
 *     ⋯ evaluate waits for quantize
 *       train is stale: params.train.lr 0.001 -> 0.0003
 *       train -> artifacts/model -> quantize -> artifacts/quantized -> evaluate
 *       its last run: run 3f2a91 (3 days ago, ana@host)
 *
 * @param now milliseconds since 1970, for the age of runs
 */
export function whyText(view: WhyView, style: Style, now: number, all = false): string {
  const { stage, verdict, chain, latest } = view;
  const root = chain.at(-1);
  const head = `${glyphOf(verdict, style)} ${style.strong(stage)} ${sentence(verdict, now)}`;

  const causes = [
    ...reasonsOf(verdict).slice(verdict.kind === 'stale' ? 1 : 0),
    ...(root === undefined ? [] : causesOf(root.verdict).map((cause) => `${root.stage} ${cause}`)),
  ];
  const path = chain
    .toReversed()
    .map((link) => `${link.stage} -> ${oneLine(link.via)} -> `)
    .join('');
  const below = [
    ...(root === undefined ? [] : [`${path}${stage}`]),
    ...(latest === undefined ? [] : [lastRun(latest, now)]),
  ];
  const room = LINES - 1 - below.length;
  const lines = [head, ...(all ? causes : capped(causes, room, stage)), ...below];
  return `${lines.join('\n  ')}\n`;
}

function sentence(verdict: Verdict, now: number): string {
  switch (verdict.kind) {
    case 'up-to-date':
      return 'is up to date: nothing that it reads has changed';
    case 'frozen':
      return 'is frozen: it does not run, whatever changed';
    case 'restorable':
      return verdict.run === undefined
        ? 'can be restored from the outs that pipeline.lock names'
        : `can be restored from ${describeRun(verdict.run, now)}${inRemote(verdict)}`;
    case 'stale':
      return `is stale: ${describeReason(verdict.reasons[0])}`;
    case 'undetermined':
      return `${describeVerdict(verdict)}, so what it will read is not known yet`;
  }
}

const reasonsOf = (verdict: Verdict): readonly string[] =>
  'reasons' in verdict ? verdict.reasons.map(describeReason) : [];

function causesOf(verdict: Verdict): readonly string[] {
  const reasons = reasonsOf(verdict);
  const word = describeVerdict(verdict);
  return reasons.length === 0 ? [`is ${word}`] : reasons.map((reason) => `is ${word}: ${reason}`);
}

const capped = (causes: readonly string[], room: number, stage: string): readonly string[] =>
  causes.length <= room
    ? causes
    : [
        ...causes.slice(0, room - 1),
        `+${causes.length - room + 1} more: avian why ${oneLine(stage)} --all`,
      ];

function lastRun(run: Run, now: number): string {
  const facts = Object.entries(run.provenance.facts ?? {})
    .slice(0, 3)
    .map(([name, fact]) => `, ${oneLine(name)} ${value(fact)}`)
    .join('');
  const ending = run.ending.kind === 'failed' ? ', failed' : '';
  const commit = describeCommit(run);
  const code = commit === undefined ? '' : `, ${commit}`;
  return `its last run: ${describeRun(run, now)}${ending}${code}${facts}`;
}

/** `why --json`: the verdict, and the way up to the cause. */
export const whyJson = (view: WhyView): JsonObject => ({
  v: 1,
  stage: view.stage,
  ...encodeVerdict(view.verdict),
  chain: view.chain.map(({ stage, via, verdict }) => ({ stage, via, ...encodeVerdict(verdict) })),
  latest: view.latest?.id ?? null,
  ...(view.latest !== undefined && { latestOrigin: encodeOrigin(view.latest) }),
  ...(view.latest?.adopted !== undefined && { adopted: view.latest.adopted }),
});

import type { CommittedStage, CommitView } from '../model/history-views.ts';
import type { JsonObject } from '../model/json.ts';
import { describeFailure, describeReason, oneLine, shortRun } from './describe.ts';
import { encodeReason } from './event-codec.ts';
import { pathsJson, pathsText } from './paths.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';

/** What was adopted and what was not, one stage or source a line, with what to do below. */
export function commitText(view: CommitView, style: Style): string {
  const { glyphs } = style;
  const looks = {
    adopted: { glyph: glyphs.executed, paint: style.good },
    unchanged: { glyph: glyphs.skipped, paint: style.faint },
    left: { glyph: glyphs.cancelled, paint: style.faint },
    incomplete: { glyph: glyphs.failed, paint: style.bad },
    changed: { glyph: glyphs.stale, paint: style.warn },
    failed: { glyph: glyphs.failed, paint: style.bad },
  };
  const rows = view.stages.flatMap((stage): (readonly Cell[])[] => {
    const { glyph, paint } = looks[stage.kind];
    const [first = '', ...more] = detailsOf(stage);
    return [
      [{ text: `${glyph} ${stage.kind}`, paint }, { text: stage.name }, loose(first)],
      ...more.map((text) => [{ text: '' }, { text: '' }, loose(text)]),
    ];
  });
  const changed = view.stages.flatMap(({ kind, name }) => (kind === 'changed' ? [name] : []));
  const hint =
    changed.length === 0
      ? ''
      : `nothing was stored: \`avian commit -f ${changed.join(' ')}\` says that these outs belong to the inputs of now\n`;
  const sources = view.sources.length === 0 ? '' : pathsText({ paths: view.sources }, style);
  return rows.length + view.sources.length === 0
    ? 'nothing to do\n'
    : `${table(rows)}${sources}${hint}`;
}

const loose = (text: string): Cell => ({ text, loose: true });

function detailsOf(stage: CommittedStage): readonly string[] {
  switch (stage.kind) {
    case 'adopted':
      return [`run ${shortRun(stage.run)}, no command ran`];
    case 'unchanged':
      return [];
    case 'left':
    case 'incomplete':
      return stage.missing.map(oneLine);
    case 'changed':
      return stage.reasons.map((reason) =>
        reason.kind === 'locked-run-unknown'
          ? 'its inputs changed since pipeline.lock was written'
          : describeReason(reason),
      );
    case 'failed':
      return [describeFailure(stage.failure)];
  }
}

export const commitJson = (view: CommitView): JsonObject => ({
  v: 1,
  stages: view.stages.map((stage) => ({
    name: stage.name,
    done: stage.kind,
    ...(stage.kind === 'adopted' && { run: stage.run }),
    ...('missing' in stage && { missing: stage.missing }),
    ...(stage.kind === 'changed' && { reasons: stage.reasons.map(encodeReason) }),
    ...(stage.kind === 'failed' && {
      failure: { kind: stage.failure.kind, message: describeFailure(stage.failure) },
    }),
  })),
  sources: pathsJson({ paths: view.sources })['paths'] ?? [],
});

import type { JsonObject } from '../model/json.ts';
import type { Drawing, Plot, PlotsView } from '../model/plot.ts';

/** `plots … --json`: what the page draws, without the bytes of pictures. */
export const plotsJson = ({ revisions, plots }: PlotsView): JsonObject => ({
  v: 1,
  revisions,
  plots: plots.map(({ id, title, stage, drawing, notes }: Plot) => ({
    ...{ id, title, ...(stage !== undefined && { stage }) },
    ...drawingJson(drawing),
    notes,
  })),
});

function drawingJson(drawing: Drawing): JsonObject {
  switch (drawing.kind) {
    case 'lines':
      return {
        ...{ kind: drawing.kind, smooth: drawing.smooth, scattered: drawing.scattered },
        x: { label: drawing.x.label, scale: drawing.x.scale },
        y: { label: drawing.y.label },
        series: drawing.series.map(({ revision, name, points }) => ({
          ...{ revision, name },
          points: points.map(({ x, y }) => [x, y]),
        })),
      };
    case 'bars':
      return {
        ...{ kind: drawing.kind, label: drawing.label, of: drawing.of },
        bars: drawing.bars.map(({ name, values }) => ({
          name,
          values: values.map(({ revision, value }) => ({ revision, value })),
        })),
      };
    case 'confusion':
      return {
        ...{ kind: drawing.kind, actual: drawing.actual, predicted: drawing.predicted },
        ...{ classes: drawing.classes, normalized: drawing.normalized },
        matrices: drawing.matrices.map(({ revision, counts }) => ({ revision, counts })),
      };
    case 'table':
      return {
        kind: drawing.kind,
        tables: drawing.tables.map(({ revision, file, columns, rows, leftOut }) => ({
          ...{ revision, file, columns, rows, left_out: leftOut },
        })),
      };
    case 'pictures':
      return {
        ...{ kind: drawing.kind, left_out: drawing.leftOut },
        pictures: drawing.pictures.map(({ revision, name, type, base64, facts }) => ({
          ...{
            revision,
            name,
            type,
            bytes: Math.floor((base64.replace(/=+$/, '').length * 3) / 4),
          },
          facts: Object.fromEntries(facts.map((fact) => [fact.name, fact.value])),
        })),
      };
    case 'nothing':
      return { kind: drawing.kind };
  }
}

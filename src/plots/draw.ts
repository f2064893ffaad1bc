import { closest } from '../model/did-you-mean.ts';
import {
  TEMPLATES,
  type Drawing,
  type Plot,
  type PlotDeclaration,
  type Template,
} from '../model/plot.ts';
import { drawBars } from './bars.ts';
import { drawConfusion } from './confusion.ts';
import { drawLines } from './lines.ts';
import type { Loaded, Note } from './loaded.ts';
import { drawTables } from './tables.ts';

/** A chart as declared, drawn from what each revision has of it. */
export function draw(declaration: PlotDeclaration, loaded: readonly Loaded[]): Plot {
  const { id, stage, title = id } = declaration;
  const notes = new Set(loaded.flatMap((each) => each.notes));
  const note: Note = (sentence) => void notes.add(sentence);
  const drawing = drawingOf(declaration, loaded, note);
  return {
    ...{ id, title, ...(stage !== undefined && { stage }) },
    drawing: isEmpty(drawing) ? { kind: 'nothing' } : drawing,
    notes: [...notes],
  };
}

function drawingOf(declaration: PlotDeclaration, loaded: readonly Loaded[], note: Note): Drawing {
  const pictures = loaded.flatMap((each) => each.pictures);
  const leftOut = loaded.reduce((sum, each) => sum + each.leftOut, 0);
  if (pictures.length > 0) return { kind: 'pictures', pictures, leftOut };
  const template = templateOf(declaration, note);
  switch (template) {
    case 'linear':
    case 'simple':
    case 'smooth':
    case 'scatter':
    case 'scatter_jitter':
      return drawLines(declaration, loaded, template, note);
    case 'bar_horizontal':
    case 'bar_horizontal_sorted':
      return drawBars(declaration, loaded, template === 'bar_horizontal_sorted', note);
    case 'confusion':
    case 'confusion_normalized':
      return drawConfusion(declaration, loaded, template === 'confusion_normalized', note);
    case 'table':
      return drawTables(loaded, note);
    case 'images':
      return { kind: 'pictures', pictures, leftOut };
  }
}

function templateOf({ template = 'linear' }: PlotDeclaration, note: Note): Template {
  const known = TEMPLATES.find((each) => each === template);
  if (known !== undefined) return known;
  if (template.endsWith('.json')) {
    note(
      `\`${template}\` is a Vega-Lite template of your own, which avian cannot draw: ` +
        `it is drawn as \`linear\`; \`template\` may be ${TEMPLATES.join(', ')}`,
    );
    return 'linear';
  }
  const near = closest(template, TEMPLATES);
  note(
    `there is no template \`${template}\`, so it is drawn as \`linear\`; ` +
      (near === undefined ? `there are: ${TEMPLATES.join(', ')}` : `did you mean \`${near}\`?`),
  );
  return 'linear';
}

function isEmpty(drawing: Drawing): boolean {
  switch (drawing.kind) {
    case 'lines':
      return drawing.series.every(({ points }) => points.length === 0);
    case 'bars':
      return drawing.bars.length === 0;
    case 'confusion':
      return drawing.matrices.length === 0;
    case 'table':
      return drawing.tables.length === 0;
    case 'pictures':
      return drawing.pictures.length === 0;
    case 'nothing':
      return true;
  }
}

import type { RepoPath, StageName } from './names.ts';

/*
 * Plots: what a pipeline declares, and what is drawn of it. A drawing is facts alone; how it looks
 * is report's.
 */

/** A chart as pipeline.yaml declares it, under a stage's `plots` or at the top level. */
export interface PlotDeclaration {
  /** What people call it: the path of its file, or the name it was given. */
  readonly id: string;
  /** The stage that writes it, where one declares it. */
  readonly stage?: StageName;
  /** In the order declared; never empty. */
  readonly sources: readonly PlotSource[];
  readonly template?: string;
  readonly title?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** False: the first row of a CSV or TSV file is data. */
  readonly header: boolean;
}

export interface PlotSource {
  readonly file: RepoPath;
  /** Fields of the vertical axis; empty for what the file has. */
  readonly y: readonly string[];
  /** Absent: rows are counted. `file` only where it is another one. */
  readonly x?: { readonly field: string; readonly file?: RepoPath };
}

/** The drawings there are, by the name that `template` gives them; the first one is meant where none is given. */
export const TEMPLATES = [
  'linear',
  'simple',
  'smooth',
  'scatter',
  'scatter_jitter',
  'bar_horizontal',
  'bar_horizontal_sorted',
  'confusion',
  'confusion_normalized',
  'table',
  'images',
] as const;
export type Template = (typeof TEMPLATES)[number];

/** `avian plots show` and `diff`: declared charts, drawn from the workspace or from each revision. */
export interface PlotsView {
  /** As people named them, in the order to compare: `HEAD`, `workspace`. One for `show`. */
  readonly revisions: readonly string[];
  readonly plots: readonly Plot[];
}

export interface Plot {
  readonly id: string;
  readonly title: string;
  readonly stage?: StageName;
  readonly drawing: Drawing;
  /** What could not be done as declared, one sentence each. */
  readonly notes: readonly string[];
}

export type Drawing =
  | {
      readonly kind: 'lines';
      /** Rows by their own order, or by time or number; as text where some x is no number. */
      readonly x: { readonly label: string; readonly scale: 'number' | 'text' };
      readonly y: { readonly label: string };
      readonly series: readonly Series[];
      /** Drawn as a moving mean over its own points. */
      readonly smooth: boolean;
      /** Points alone, without lines between them. */
      readonly scattered: boolean;
    }
  | {
      readonly kind: 'bars';
      readonly label: string;
      /** The field whose text names the bars. */
      readonly of: string;
      readonly bars: readonly { readonly name: string; readonly values: readonly Bar[] }[];
    }
  | {
      readonly kind: 'confusion';
      readonly actual: string;
      readonly predicted: string;
      /** In the order met. */
      readonly classes: readonly string[];
      /** Shares of the actual class rather than counts are what counts. */
      readonly normalized: boolean;
      readonly matrices: readonly {
        readonly revision: string;
        /** By actual, then predicted class. */
        readonly counts: readonly (readonly number[])[];
      }[];
    }
  | { readonly kind: 'table'; readonly tables: readonly DrawnTable[] }
  | { readonly kind: 'pictures'; readonly pictures: readonly Picture[]; readonly leftOut: number }
  /** There is nothing to draw; the notes say why. */
  | { readonly kind: 'nothing' };

export interface Series {
  readonly revision: string;
  /** Field, and the file where several have it. */
  readonly name: string;
  readonly points: readonly Point[];
}

/** `x` is text where the axis is. */
export interface Point {
  readonly x: number | string;
  readonly y: number;
}

export interface Bar {
  readonly revision: string;
  readonly value: number;
}

export interface DrawnTable {
  readonly revision: string;
  readonly file: RepoPath;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Rows beyond those shown. */
  readonly leftOut: number;
}

/** Null for nothing there. */
export type Cell = string | number | boolean | null;

export interface Picture {
  readonly revision: string;
  /** Below the declared path, or the path itself. */
  readonly name: string;
  readonly type: PictureType;
  readonly base64: string;
  /** What the row that names it says of it. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
}

export type PictureType =
  'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | 'image/svg+xml' | 'image/bmp';

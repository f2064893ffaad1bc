import type { Diagnostic } from '../model/diagnostic.ts';
import { ROOT, type RepoPath } from '../model/names.ts';
import type { PlotDeclaration, PlotSource } from '../model/plot.ts';
import { readPath } from './build-stage.ts';
import type { RawChart, RawEntry } from './raw.ts';
import { diagnose, type Locator, type ValuePath } from './source.ts';

type Report = (diagnostic: Diagnostic) => void;

/**
 * The charts of the top level, as DVC has them: a path; a path with its fields; or a name whose `y`
 * (or `x`) says which files. `at` finds places relative to the list.
 */
export function buildCharts(
  entries: readonly RawEntry<RawChart>[],
  at: Locator,
  report: Report,
): readonly PlotDeclaration[] {
  return entries.flatMap((entry, i) =>
    typeof entry === 'string'
      ? chart(entry, {}, [i], at, report)
      : Object.entries(entry).flatMap(([id, raw]) => chart(id, raw, [i, id], at, report)),
  );
}

function chart(
  id: string,
  raw: RawChart,
  path: ValuePath,
  at: Locator,
  report: Report,
): readonly PlotDeclaration[] {
  const sources = sourcesOf(id, raw, path, at, report);
  if (sources.length === 0) return [];
  const { template, title, x_label: xLabel, y_label: yLabel, header = true } = raw;
  return [
    {
      id,
      sources,
      ...(template !== undefined && { template }),
      ...(title !== undefined && { title }),
      ...(xLabel !== undefined && { xLabel }),
      ...(yLabel !== undefined && { yLabel }),
      header,
    },
  ];
}

function sourcesOf(
  id: string,
  { x, y = [] }: RawChart,
  path: ValuePath,
  at: Locator,
  report: Report,
): readonly PlotSource[] {
  const fileAt = (text: string, inner: ValuePath): RepoPath | undefined =>
    readPath(text, ROOT, at.key([...path, ...inner]), 'the file of a chart', report)[0]?.value;

  const xFiles =
    typeof x === 'object'
      ? Object.entries(x).flatMap(([text, field]) => {
          const file = fileAt(text, ['x', text]);
          return file === undefined ? [] : [{ file, field }];
        })
      : [];
  const xOf = (file: RepoPath): Pick<PlotSource, 'x'> => {
    if (typeof x === 'string') return { x: { field: x } };
    const own = xFiles.find((each) => each.file === file);
    if (own !== undefined) return { x: { field: own.field } };
    const [other] = xFiles;
    return other === undefined ? {} : { x: other };
  };

  if (typeof y === 'object' && !isList(y)) {
    const several = xFiles.length > 1 ? xFiles : [];
    const sources = Object.entries(y).flatMap(([text, fields]): PlotSource[] => {
      const file = fileAt(text, ['y', text]);
      return file === undefined ? [] : [{ file, ...xOf(file), y: [fields].flat() }];
    });
    const unpaired = sources.find(
      ({ file }) => several.length > 0 && !several.some((each) => each.file === file),
    );
    if (unpaired !== undefined) {
      report(
        diagnose(
          'pipeline/bad-chart',
          `\`x\` of the chart \`${id}\` names several files, and none of them is \`${unpaired.file}\``,
          at.key([...path, 'x']),
          'name one file for all, or each file of `y`',
        ),
      );
    }
    return sources;
  }
  const file = fileAt(id, []);
  return file === undefined ? [] : [{ file, ...xOf(file), y: [y].flat() }];
}

// Array.isArray does not narrow a readonly array out of a union.
const isList = (value: unknown): value is readonly string[] => Array.isArray(value);

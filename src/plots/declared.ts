import type { Pipeline, Stage } from '../model/pipeline.ts';
import type { PlotDeclaration } from '../model/plot.ts';

/** Every chart of a pipeline: those of its stages in their order, then those of the top level. */
export const declaredPlots = ({
  stages,
  plots = [],
}: Pick<Pipeline, 'stages' | 'plots'>): readonly PlotDeclaration[] => [
  ...stages.flatMap(ofStage),
  ...plots,
];

const ofStage = ({ name, outs }: Stage): readonly PlotDeclaration[] =>
  outs.flatMap(({ path, role, plot = {} }): PlotDeclaration[] => {
    if (role !== 'plots') return [];
    const text = (key: string): string | undefined => {
      const value = plot[key];
      return typeof value === 'string' ? value : undefined;
    };
    const [x, template, title] = [text('x'), text('template'), text('title')];
    const [xLabel, yLabel] = [text('x_label'), text('y_label')];
    const y = [plot['y'] ?? []].flat().filter((field) => typeof field === 'string');
    return [
      {
        id: path,
        stage: name,
        sources: [{ file: path, y, ...(x !== undefined && { x: { field: x } }) }],
        ...(template !== undefined && { template }),
        ...(title !== undefined && { title }),
        ...(xLabel !== undefined && { xLabel }),
        ...(yLabel !== undefined && { yLabel }),
        header: plot['header'] !== false,
      },
    ];
  });

/** Smaller weights, if they are as good: `--data DIR --model DIR --out DIR --metrics FILE --table FILE`, params quantize.* */
import { join } from 'node:path';
import { replaceFile } from '../vision/model-files.ts';
import { loadContract } from '../vision/model-folder.ts';
import { loadImages } from '../vision/scoring.ts';
import { runStage, StageError, writeJson } from '../vision/stage.ts';
import {
  judgeQuantization,
  quantizeMetrics,
  variantCsv,
  variantTable,
  type VariantFigures,
} from './gate.ts';
import { measureVariant, quantizedDtypes, writeVariants } from './variants.ts';

await runStage(async (io) => {
  const { data, model, out, metrics, table } = io.flags({
    data: 'required',
    model: 'required',
    out: 'required',
    metrics: 'required',
    table: 'optional',
  });
  const params = io.params().group('quantize');
  const limits = {
    maxAccuracyDrop: params.number('max_accuracy_drop', { min: 0, max: 1 }),
    minAgreement: params.number('min_agreement', { min: 0, max: 1 }),
  };
  await writeVariants(model, out);

  const { input } = await loadContract(model);
  const images = await loadImages(io, data, 'val', input);
  io.say(`comparing float32, ${quantizedDtypes.join(', ')} on ${images.count} images`);
  const measure = (dir: string, dtype: VariantFigures['dtype'], reference?: Int32Array) =>
    measureVariant(dir, dtype, images, reference, io.progress(dtype, images.count));
  const original = await measure(model, 'float32');
  const variants = [original.figures];
  for (const dtype of quantizedDtypes) {
    const measured = await measure(join(out, dtype), dtype, original.predicted);
    variants.push(measured.figures);
  }
  for (const { dtype, latencyMs } of variants) io.fact(`latency_ms.${dtype}`, latencyMs.toFixed(2));
  io.say(variantTable(variants).trimEnd());
  await writeJson(metrics, quantizeMetrics(variants, images.count));
  if (table !== undefined) await replaceFile(table, variantCsv(variants));

  const problems = judgeQuantization(original.figures, variants.slice(1), limits);
  if (problems.length > 0) {
    throw new StageError(
      `the quantised model is not good enough: ${problems.join('; ')}`,
      'train longer, or widen quantize.max_accuracy_drop or quantize.min_agreement',
    );
  }
});

/** How good is the model on the test split? `--data DIR --model DIR --out DIR --metrics FILE` */
import { join } from 'node:path';
import { replaceFile } from '../vision/model-files.ts';
import { openPredictor } from '../vision/predictor.ts';
import { loadImages, scoreImages } from '../vision/scoring.ts';
import { runStage, writeJson } from '../vision/stage.ts';
import { confusionCsv, evaluate, perSpeciesCsv, predictionLines } from './evaluation.ts';
import { samplesOf, worstMistakes, writeExamples } from './examples.ts';
import { evaluationTable } from './table.ts';

await runStage(async (io) => {
  const { data, model, out, metrics } = io.flags({
    data: 'required',
    model: 'required',
    out: 'required',
    metrics: 'required',
  });
  const predictor = await openPredictor(model, { backend: 'auto' });
  const { architecture, input } = predictor.contract;
  io.say(`evaluating ${architecture} on the test split (backend ${predictor.backend})`);
  io.fact('backend', predictor.backend);
  const images = await loadImages(io, data, 'test', input);
  const answers = await scoreImages(predictor, images, io.progress('evaluated', images.count));
  predictor.dispose();

  const evaluation = evaluate(answers);
  const lines = [...predictionLines(answers)];
  const texts = lines.map((line) => `${JSON.stringify(line)}\n`);
  await replaceFile(join(out, 'predictions.jsonl'), texts.join(''));
  await replaceFile(join(out, 'confusion.csv'), confusionCsv(answers.names, evaluation.confusion));
  await replaceFile(join(out, 'per-species.csv'), perSpeciesCsv(evaluation.perClass));
  await writeJson(join(out, 'calibration.json'), evaluation.calibration);
  await writeExamples(out, 'samples', data, samplesOf(lines));
  await writeExamples(out, 'mistakes', data, worstMistakes(lines));
  await writeJson(metrics, evaluation.metrics);
  io.say(evaluationTable(evaluation).trimEnd());
});

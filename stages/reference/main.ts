/**
 * The stage `reference`: what the model sees and answers while all is well, for drift to compare with.
 * `--data DIR --model DIR --out FILE`; reads the params `seed` and `drift`.
 */
import { lookAt } from '../drift/look.ts';
import { createReference } from '../drift/reference.ts';
import { nameModel } from '../serve/model-name.ts';
import { openFastPredictor } from '../vision/fast-predictor.ts';
import { loadImages } from '../vision/scoring.ts';
import { runStage, writeJson } from '../vision/stage.ts';

/** Not those that the model was trained on: it is surer of them than it will ever be again. */
const SPLITS = ['val', 'test'] as const;

await runStage(async (io) => {
  const { data, model, out } = io.flags({ data: 'required', model: 'required', out: 'required' });
  const params = io.params();
  const drift = params.group('drift');
  const settings = {
    seed: params.integer('seed'),
    window: drift.integer('window', { min: 50, max: 5000 }),
    falseAlarms: drift.number('false_alarms', { min: 0.0001, max: 0.5 }),
    permutations: drift.integer('permutations', { min: 999, max: 100_000 }),
  };
  // As the service computes: what it answers is compared with this.
  const { predictor } = await openFastPredictor(model);
  const { contract } = predictor;
  const all = [];
  for (const split of SPLITS) {
    const images = await loadImages(io, data, split, contract.input);
    const progress = io.progress(`looked at ${split}`, images.count);
    all.push(...(await lookAt(predictor, images.pixels, images.count, progress)));
  }
  predictor.dispose();
  const name = await nameModel(model, contract);
  const reference = createReference(name, contract.labels, all, settings);
  await writeJson(out, reference);
  io.say(
    `${reference.images} images of ${SPLITS.join(' and ')} as ${name} sees them; ` +
      `windows of ${settings.window}, false alarms ${settings.falseAlarms} a window`,
  );
});

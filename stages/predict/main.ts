/** Names the birds in photographs: `--model DIR photo.jpg… [--json]`, one line a photograph on stdout. */
import { answerFor } from '../serve/answer.ts';
import { openFastPredictor } from '../vision/fast-predictor.ts';
import { decodeImage, ImageError } from '../vision/images.ts';
import { runStage, StageError } from '../vision/stage.ts';

await runStage(async (io) => {
  const { model, json, positionals: photographs } = io.flags({ model: 'required', json: 'switch' });
  if (photographs.length === 0) {
    throw new StageError('there is no photograph', 'name some: --model DIR photo.jpg …');
  }
  const { predictor } = await openFastPredictor(model);
  const { input, labels } = predictor.contract;
  let failed = 0;
  for (const path of photographs) {
    try {
      const answer = answerFor(await predictor.predict(await decodeImage(path, input), 1), labels);
      process.stdout.write(
        json ? `${JSON.stringify({ path, ...answer })}\n` : `${path}: ${answer.message}\n`,
      );
    } catch (error) {
      if (!isPhotographFailure(error)) throw error;
      // One bad file must not keep the answers to the others back.
      failed++;
      io.say(`${path}: ${error.message}`);
    }
  }
  predictor.dispose();
  if (failed > 0) {
    throw new StageError(
      `${failed} of ${photographs.length} photographs could not be read`,
      'JPEG, PNG and WebP files are read',
    );
  }
});

function isPhotographFailure(error: unknown): error is Error {
  return error instanceof ImageError || (error instanceof Error && 'syscall' in error);
}

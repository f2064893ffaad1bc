/** A model with something that has no translation to ONNX: another runtime may still run it. */
export class UnsupportedModel extends Error {
  override readonly name = 'UnsupportedModel';
}

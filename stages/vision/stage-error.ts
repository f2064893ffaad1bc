/** A failure that a stage expects: shown as one line with its hint, without a stack. */
export class StageError extends Error {
  override readonly name: string = 'StageError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

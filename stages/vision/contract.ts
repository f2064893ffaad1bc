/** How a photograph is brought to the size that a model reads. */
export interface ModelInput {
  /** Rows and columns of the picture, in pixels, 1 to 4096. */
  readonly height: number;
  readonly width: number;
  readonly channels: 3;
  readonly interpolation: 'bilinear' | 'cubic' | 'lanczos3';
  /** `squash` ignores the aspect ratio; `cover` keeps it and crops what stands over. */
  readonly fit: 'squash' | 'cover';
  /** Per channel (RGB), of values scaled to 0..1: `x = (v / 255 - mean) / std`. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** What a model folder says of itself, so that serving cannot disagree with training. */
export interface ModelContract {
  readonly version: 1;
  readonly architecture: string;
  readonly input: ModelInput;
  /** One label per logit, in the order of the logits. */
  readonly labels: readonly string[];
  readonly training: {
    readonly backend: string;
    readonly seed: number;
    /** Epochs that were run, which early stopping may make fewer than were asked for. */
    readonly epochs: number;
    readonly [detail: string]: unknown;
  };
  readonly quantization?: { readonly dtype: 'uint8' | 'float16' | 'float32' };
}

export type ModelErrorKind = 'missing' | 'invalid';

/** A model folder that cannot be used: an expected failure, shown without a stack. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly kind: ModelErrorKind;
  readonly hint: string;

  constructor(kind: ModelErrorKind, message: string, hint: string) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}

/**
 * Reads a contract out of parsed JSON.
 * Throws ModelError 'invalid' that lists **every** field that is wrong.
 */
export function parseContract(json: unknown): ModelContract {
  const problems: string[] = [];
  const contract = fields(json);
  const input = fields(contract['input']);
  const training = fields(contract['training']);
  const quantization = contract['quantization'];

  const expect = (holds: boolean, field: string, wanted: string): void => {
    if (!holds) problems.push(`${field} is not ${wanted}`);
  };
  expect(contract['version'] === 1, 'version', '1');
  expect(isText(contract['architecture']), 'architecture', 'a name');
  expect(isSize(input['height']), 'input.height', 'a whole number from 1 to 4096');
  expect(isSize(input['width']), 'input.width', 'a whole number from 1 to 4096');
  expect(input['channels'] === 3, 'input.channels', '3');
  expect(
    isOneOf(input['interpolation'], ['bilinear', 'cubic', 'lanczos3']),
    'input.interpolation',
    'bilinear, cubic or lanczos3',
  );
  expect(isOneOf(input['fit'], ['squash', 'cover']), 'input.fit', 'squash or cover');
  expect(isTriple(input['mean']), 'input.mean', 'three numbers');
  expect(isTriple(input['std'], 0), 'input.std', 'three numbers above 0');
  expect(isLabels(contract['labels']), 'labels', 'a list of distinct names');
  expect(isText(training['backend']), 'training.backend', 'a name');
  expect(Number.isFinite(training['seed']), 'training.seed', 'a number');
  expect(Number.isFinite(training['epochs']), 'training.epochs', 'a number');
  expect(
    quantization === undefined ||
      isOneOf(fields(quantization)['dtype'], ['uint8', 'float16', 'float32']),
    'quantization.dtype',
    'uint8, float16 or float32',
  );
  if (problems.length > 0) {
    throw new ModelError(
      'invalid',
      `the model's contract is not valid: ${problems.join('; ')}`,
      'train the model again; contract.json is written by the train stage',
    );
  }
  return contract as unknown as ModelContract;
}

function fields(value: unknown): Record<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}

function isSize(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 4096;
}

function isOneOf(value: unknown, choices: readonly string[]): boolean {
  return typeof value === 'string' && choices.includes(value);
}

function isTriple(value: unknown, above = -Infinity): boolean {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    value.every((entry) => typeof entry === 'number' && Number.isFinite(entry) && entry > above)
  );
}

function isLabels(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(isText) &&
    new Set(value).size === value.length
  );
}

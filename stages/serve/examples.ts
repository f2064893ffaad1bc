/** One answer of each kind, as the service gives it: for the OpenAPI document and the page that shows it. */
import { answerFor } from './answer.ts';
import { errorBody, errorStatus, type ErrorCode } from './service-error.ts';

const deployed = { model: 'plate-cnn-uint8@3f2a91c0d4e7', revision: 'aviansight-00007' };

export const exampleAnswer = {
  ...answerFor(Float32Array.of(0.91, 0.07, 0.02), ['amber-finch', 'rust-thrush', 'marsh-tit']),
  ...deployed,
};

export const exampleStates = {
  ready: { status: 'ready', revision: deployed.revision, model: deployed.model },
  starting: { status: 'starting', revision: deployed.revision },
  draining: { status: 'draining', ...deployed },
};

export const exampleMetrics = `# HELP aviansight_predictions_total Photographs by the species that was answered
# TYPE aviansight_predictions_total counter
aviansight_predictions_total{species="amber-finch"} 12
`;

export const exampleDrift = {
  v: 1,
  window: 250,
  filling: 31,
  windows: 4,
  alarms: 0,
  verdict: {
    v: 1,
    drifted: false,
    found: '',
    falseAlarms: 0.01,
    alpha: 0.0025,
    correction: 'holm',
    images: 250,
    reference: { images: 585, model: deployed.model },
    tests: [
      {
        ...{ name: 'brightness', test: 'ks', statistic: 0.051, p: 0.73, adjusted: 1 },
        ...{ effect: { measure: 'psi', value: 0.012, size: 'negligible' }, drifted: false },
      },
    ],
  },
  sketch: { version: 1, model: deployed.model, images: 250 },
};

const words: Readonly<Record<ErrorCode, readonly [message: string, hint: string]>> = {
  'no-photograph': [
    'the form has no file bird_image, only image',
    'send it as the field bird_image',
  ],
  'bad-request': ['the form cannot be read: it ends too early', 'send it whole'],
  'not-found': ['GET /birds is nothing here', 'there are /infer_image, /docs and more'],
  'method-not-allowed': ['photographs are sent with POST', 'see /docs, or use the page at /'],
  'too-slow': ['the request took too long to arrive', 'see /docs'],
  'photograph-too-large': [
    'the image has 9000 x 9000 pixels, at most 40000000 are decoded',
    'scale the photograph down',
  ],
  'not-a-form': [
    'the request is no multipart/form-data',
    'curl -F bird_image=@photo.jpg URL/infer_image',
  ],
  'unsupported-format': ['the image is no JPEG, PNG or WebP', 'give a JPEG, PNG or WebP'],
  'broken-photograph': [
    'the image cannot be decoded: VipsJpeg: premature end of JPEG image',
    'does it open in a viewer? it may have been cut short on its way',
  ],
  'headers-too-large': ['the headers are larger than 16 KiB', 'see /docs'],
  'internal-error': ['the service failed', 'try again; if it stays, report the request'],
  'too-busy': ['64 photographs wait already', 'try again in a second'],
};

/** By code: those that come with a status. */
export function exampleErrors(
  status: number,
): Readonly<Record<string, { readonly value: unknown }>> {
  const codes = (Object.keys(errorStatus) as ErrorCode[]).filter(
    (code) => errorStatus[code] === status,
  );
  return Object.fromEntries(
    codes.map((code) => [code, { value: errorBody(code, words[code][0], words[code][1]) }]),
  );
}

/** The service's interface as an OpenAPI 3.1 document. */
import {
  exampleAnswer,
  exampleDrift,
  exampleErrors,
  exampleMetrics,
  exampleStates,
} from './examples.ts';
import { MAX_SIDE } from '../vision/images.ts';
import { photographField } from './upload.ts';
import { errorStatus, type ErrorCode } from './service-error.ts';

const inferErrors: Readonly<Record<number, string>> = {
  400: 'No photograph in the request, or a form that cannot be read',
  408: 'A request that took too long to arrive',
  413: 'More bytes or more pixels than the service takes',
  415: 'Not a form, or a file that is no JPEG, PNG or WebP image',
  422: 'An image that is broken or cut short',
  431: 'Headers that are larger than 16 KiB',
  500: 'A failure of the service, which its log explains',
  503: 'Too busy; Retry-After says when to try again',
};

type Examples = Readonly<Record<string, { readonly value: unknown }>>;

/** Limits are in the document, so that clients can check before they send. */
export function openApiDocument(limits: { maxUploadBytes: number; maxPixels: number }) {
  const json = (description: string, schema: string, examples: Examples) => ({
    description,
    content: {
      'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, examples },
    },
  });
  const text = (description: string, type: string, value: string) => ({
    description,
    content: { [type]: { schema: { type: 'string' }, examples: { text: { value } } } },
  });
  const { ready, starting, draining } = exampleStates;
  return {
    openapi: '3.1.0',
    info: {
      title: 'AvianSight',
      version: '1.0.0',
      description: 'Names the bird in a photograph.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      '/infer_image': {
        post: {
          operationId: 'inferImage',
          summary: 'Names the bird in a photograph',
          requestBody: {
            required: true,
            content: {
              'multipart/form-data': {
                schema: {
                  type: 'object',
                  required: [photographField],
                  properties: {
                    [photographField]: {
                      type: 'string',
                      format: 'binary',
                      description: `A JPEG, PNG or WebP of at most ${limits.maxUploadBytes} bytes and ${limits.maxPixels} pixels, no side longer than ${MAX_SIDE}`,
                    },
                  },
                },
                encoding: {
                  [photographField]: { contentType: 'image/jpeg, image/png, image/webp' },
                },
              },
            },
          },
          responses: {
            200: json('The species, and how sure the model is', 'Answer', {
              answer: { value: exampleAnswer },
            }),
            ...Object.fromEntries(
              Object.entries(inferErrors).map(([status, meaning]) => [
                status,
                json(meaning, 'Error', exampleErrors(Number(status))),
              ]),
            ),
          },
        },
      },
      '/healthz': {
        get: {
          operationId: 'health',
          summary: 'Answers while the process lives',
          responses: { 200: text('The process lives', 'text/plain', 'ok\n') },
        },
      },
      '/readyz': {
        get: {
          operationId: 'readiness',
          summary: 'Says whether photographs should be sent here',
          responses: {
            200: json('The model is loaded and warm', 'State', { ready: { value: ready } }),
            503: json('The model is being loaded, or the service is about to end', 'State', {
              starting: { value: starting },
              draining: { value: draining },
            }),
          },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Counts and times in the format of Prometheus',
          responses: { 200: text('Metrics', 'text/plain', exampleMetrics) },
        },
      },
      '/drift': {
        get: {
          operationId: 'drift',
          summary:
            'Says whether what is seen has drifted away from what the model saw when all was well',
          responses: {
            200: json('The verdict on the latest full window, and its sketch', 'Drift', {
              quiet: { value: exampleDrift },
            }),
            404: json('The service has no reference to compare with', 'Error', exampleErrors(404)),
          },
        },
      },
    },
    components: { schemas: schemas() },
  };
}

function schemas() {
  const probability = { type: 'number', minimum: 0, maximum: 1 };
  const candidate = { species: { type: 'string' }, probability };
  const codes = Object.keys(errorStatus) as ErrorCode[];
  return {
    Candidate: { type: 'object', required: ['species', 'probability'], properties: candidate },
    Answer: {
      type: 'object',
      required: [
        ...['species', 'probability', 'top', 'message', 'prediction', 'model', 'revision'],
      ],
      properties: {
        ...candidate,
        top: {
          type: 'array',
          minItems: 1,
          maxItems: 5,
          description: 'The most probable species, best first',
          items: { $ref: '#/components/schemas/Candidate' },
        },
        message: { type: 'string', description: 'For people: how sure the model is' },
        prediction: { type: 'string', description: 'One sentence, kept for old clients' },
        model: { type: 'string', description: 'Architecture, weight type and digest of the model' },
        revision: { type: 'string', description: 'The deployment that answered' },
      },
    },
    State: {
      type: 'object',
      required: ['status', 'revision'],
      properties: {
        status: { enum: ['starting', 'ready', 'draining'] },
        revision: { type: 'string' },
        model: { type: 'string' },
      },
    },
    Drift: {
      type: 'object',
      required: ['v', 'window', 'filling', 'windows', 'alarms', 'sketch'],
      properties: {
        v: { const: 1 },
        window: { type: 'integer', description: 'Photographs that a verdict is about' },
        filling: { type: 'integer', description: 'Photographs in the window that is being filled' },
        windows: { type: 'integer', description: 'Windows that were judged' },
        alarms: { type: 'integer', description: 'Windows that had drifted' },
        verdict: {
          type: 'object',
          description: 'Absent before the first full window',
          required: [
            ...['v', 'drifted', 'found', 'alpha', 'correction', 'images', 'reference', 'tests'],
          ],
          properties: {
            v: { const: 1 },
            drifted: { type: 'boolean' },
            found: { type: 'string', description: 'What drifted, worst first; empty if nothing' },
            falseAlarms: { ...probability, description: 'Share of false alarms, at most' },
            alpha: { ...probability, description: 'What corrected p-values are compared with' },
            correction: { const: 'holm' },
            images: { type: 'integer' },
            reference: { type: 'object' },
            tests: {
              type: 'array',
              items: {
                type: 'object',
                required: ['name', 'test', 'statistic', 'p', 'adjusted', 'effect', 'drifted'],
                properties: {
                  name: { type: 'string' },
                  test: { enum: ['ks', 'chi-squared', 'mmd'] },
                  statistic: { type: 'number' },
                  p: probability,
                  adjusted: { ...probability, description: "After Holm's correction" },
                  effect: { type: 'object' },
                  drifted: { type: 'boolean' },
                },
              },
            },
          },
        },
        sketch: { type: 'object', description: 'Numbers of a window, for avian run drift' },
      },
    },
    Error: {
      type: 'object',
      required: ['error'],
      properties: {
        error: {
          type: 'object',
          required: ['code', 'message', 'hint'],
          properties: {
            code: { enum: codes, description: 'Permanent, for programs' },
            message: { type: 'string', description: 'What is wrong' },
            hint: { type: 'string', description: 'What to do about it' },
          },
        },
      },
    },
  };
}

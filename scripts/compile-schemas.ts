import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { transform } from 'esbuild';
import type { JsonObject } from '../src/model/json.ts';
import { publishedPipelineSchema } from './published-pipeline-schema.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const target = `${root}src/config/generated`;

const DECLARATION = `import type { ErrorObject } from 'ajv';

/** True when \`data\` obeys the schema; otherwise \`errors\` holds every violation until the next call. */
export declare const validate: {
  (data: unknown): boolean;
  errors?: readonly ErrorObject[] | null;
};
`;

/**
 * Turns the schemas of src/config into validators that need no ajv at run time (compiling
 * there costs 40 ms of every start), and into the published ones; that of pipelines admits templates as well.
 * Files that would not change are left alone.
 */
export async function compileSchemas(): Promise<void> {
  await mkdir(target, { recursive: true });
  const text = await readFile(`${root}src/config/pipeline.schema.json`, 'utf8');
  const schema = JSON.parse(text) as JsonObject;
  await write(`${target}/pipeline.js`, await compile(schema));
  await write(`${target}/pipeline.d.ts`, DECLARATION);
  await publish(publishedPipelineSchema(schema), `${root}schemas/pipeline.schema.json`);
  const monitoring = await readFile(`${root}src/config/monitoring.schema.json`, 'utf8');
  await write(`${target}/monitoring.js`, await compile(JSON.parse(monitoring) as JsonObject));
  await write(`${target}/monitoring.d.ts`, DECLARATION);
  await write(`${root}schemas/monitoring.schema.json`, monitoring);
}

/** Formatted as the rest of the repository, so it is compared by content: loading the formatter takes a while. */
async function publish(schema: JsonObject, path: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => 'null');
  if (JSON.stringify(JSON.parse(before)) === JSON.stringify(schema)) return;
  const { format, resolveConfig } = await import('prettier');
  const options = { ...(await resolveConfig(path)), filepath: path };
  await write(path, await format(JSON.stringify(schema), options));
}

async function compile(schema: object): Promise<string> {
  const ajv = new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    // The paths in errors then always start at a definition, where the diagnostics look up its keys.
    inlineRefs: false,
    code: { source: true, esm: true, lines: true },
  });
  const code = standalone.default(ajv, ajv.compile(schema));
  // `require` is what ajv writes for its run-time helpers, and what an ES module does not have.
  if (code.includes('require(')) {
    throw new Error('a schema keyword needs a helper of ajv at run time: use another keyword');
  }
  const { code: small } = await transform(code, { minify: true, legalComments: 'none' });
  return small;
}

async function write(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

if (import.meta.main) await compileSchemas();

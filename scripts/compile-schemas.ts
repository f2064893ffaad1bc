import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { transform } from 'esbuild';

const SCHEMAS = ['pipeline'] as const;

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
 * Turns schemas/*.schema.json into src/config/generated/<name>.js: validators that need no ajv at
 * run time (compiling there costs 40 ms of every start). Files that would not change are left alone.
 */
export async function compileSchemas(): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const name of SCHEMAS) {
    const schema = JSON.parse(
      await readFile(`${root}schemas/${name}.schema.json`, 'utf8'),
    ) as object;
    await write(`${name}.js`, await compile(schema));
    await write(`${name}.d.ts`, DECLARATION);
  }
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

async function write(name: string, text: string): Promise<void> {
  const path = `${target}/${name}`;
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

if (import.meta.main) await compileSchemas();

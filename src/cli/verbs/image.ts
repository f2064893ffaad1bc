import {
  buildImage,
  inspectImage,
  type BuiltImage,
  type ImageContents,
} from '../../commands/image.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Style } from '../../report/style.ts';
import { bytes } from '../../report/units.ts';
import { parseWords } from '../arguments.ts';
import { openImages } from '../compose-ship.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords, oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { tellProblem } from '../tell-problem.ts';
import { problem } from '../../model/diagnostic.ts';

const OPTIONS = {
  output: { type: 'string', short: 'o' },
  copy: { type: 'string', multiple: true, default: [] as string[] },
  workdir: { type: 'string' },
  entrypoint: { type: 'string' },
  env: { type: 'string', multiple: true, default: [] as string[] },
  expose: { type: 'string', multiple: true, default: [] as string[] },
  label: { type: 'string', multiple: true, default: [] as string[] },
  user: { type: 'string' },
  base: { type: 'string' },
  tag: { type: 'string' },
  'allow-missing': { type: 'string', multiple: true, default: [] as string[] },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('image', ['build', 'inspect'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  const ports = openImages(io);

  if (verb.value.name === 'inspect') {
    const directory = oneWord(verb.value.rest, 'image inspect', 'an image directory');
    if (!directory.ok) return tellProblem(directory.error, io);
    const where = { directory: directory.value, cwd: io.cwd };
    const tag = options.tag !== undefined && { tag: options.tag };
    const contents = await inspectImage({ ...where, ...tag }, ports);
    return show(contents, { text: contentsText, json: contentsJson }, options.json, io);
  }

  const none = noWords(verb.value.rest, 'image build');
  if (!none.ok) return tellProblem(none.error, io);
  if (options.output === undefined) {
    const message = '`avian image build` needs `--output DIR`';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian image --help'), io);
  }
  const built = await buildImage(
    {
      output: options.output,
      copy: options.copy,
      env: options.env,
      expose: options.expose,
      label: options.label,
      allowMissing: options['allow-missing'],
      ...(options.workdir !== undefined && { workdir: options.workdir }),
      ...(options.entrypoint !== undefined && { entrypoint: options.entrypoint }),
      ...(options.user !== undefined && { user: options.user }),
      ...(options.base !== undefined && { base: options.base }),
      ...(options.tag !== undefined && { tag: options.tag }),
      cwd: io.cwd,
    },
    ports,
  );
  return show(built, { text: builtText, json: builtJson }, options.json, io);
}

function builtText(image: BuiltImage, { faint, strong }: Style): string {
  const layers = image.layers.map(
    ({ from, size, cached }) => `  ${from}  ${bytes(size)}${cached ? faint(' (cached)') : ''}\n`,
  );
  return `${layers.join('')}${strong(image.digest)}  ${bytes(image.size)} compressed\n`;
}

const builtJson = (image: BuiltImage): JsonObject => ({
  v: 1,
  digest: image.digest,
  size: image.size,
  layers: image.layers.map(({ from, digest, size, cached }) => ({ from, digest, size, cached })),
});

function contentsText(image: ImageContents, { faint, strong }: Style): string {
  const process = image.config.config ?? {};
  const head = [
    strong(image.digest),
    `entrypoint  ${[...(process.Entrypoint ?? []), ...(process.Cmd ?? [])].join(' ')}`,
    `workdir     ${process.WorkingDir ?? '/'}`,
    `user        ${process.User ?? 'root'}`,
  ];
  const layers = image.layers.flatMap(({ size, createdBy, entries }) => [
    `${bytes(size)}  ${createdBy ?? ''}`,
    ...entries
      .filter(({ kind }) => kind !== 'directory')
      .map((entry) => faint(`    ${entry.path}  ${bytes(entry.size)}`)),
  ]);
  return `${[...head, ...layers].join('\n')}\n`;
}

const contentsJson = (image: ImageContents): JsonObject => ({
  v: 1,
  digest: image.digest,
  config: image.config as unknown as JsonObject,
  layers: image.layers.map(({ digest, size, createdBy, entries }) => ({
    digest,
    size,
    createdBy: createdBy ?? null,
    entries: entries.map(({ path, kind, size: length, mode }) => ({
      path,
      kind,
      size: length,
      mode,
    })),
  })),
});

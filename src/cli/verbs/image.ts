import { basename, dirname, resolve } from 'node:path';
import { openProjectFiles } from '../../adapters/project-files/project-files.ts';
import { buildImage } from '../../commands/image.ts';
import { inspectImage } from '../../commands/image-inspect.ts';
import { pushImage } from '../../commands/image-push.ts';
import { problem } from '../../model/diagnostic.ts';
import type { HealthOptions } from '../../ship/healthcheck.ts';
import type { ImageOptions } from '../../ship/image-plan.ts';
import {
  builtJson,
  builtText,
  contentsJson,
  contentsText,
  pushedJson,
  pushedText,
} from '../../report/image.ts';
import { bytes } from '../../report/units.ts';
import { parseWords } from '../arguments.ts';
import { openImages, openPush, withImageProject } from '../compose-ship.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords, oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { tellProblem } from '../tell-problem.ts';

const many = { type: 'string', multiple: true, default: [] as string[] } as const;
const one = { type: 'string' } as const;

const OPTIONS = {
  output: { type: 'string', short: 'o' },
  copy: many,
  model: one,
  workdir: one,
  entrypoint: one,
  env: many,
  expose: many,
  label: many,
  user: one,
  base: one,
  tag: { type: 'string', short: 't' },
  'allow-missing': many,
  builder: one,
  file: { type: 'string', short: 'f' },
  context: one,
  'build-arg': many,
  target: one,
  network: one,
  'health-cmd': one,
  'health-interval': one,
  'health-timeout': one,
  'health-start-period': one,
  'health-retries': one,
  record: one,
  'plain-http': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Options = Extract<ReturnType<typeof parse>, { ok: true }>['value']['options'];
const parse = (words: readonly string[]) => parseWords(words, OPTIONS);

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parse(words);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('image', ['build', 'inspect', 'push'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  const { name, rest } = verb.value;
  switch (name) {
    case 'build':
      return build(rest, options, io);
    case 'inspect':
      return inspect(rest, options, io);
    case 'push':
      return push(rest, options, io);
  }
}

async function push(words: readonly string[], options: Options, io: Io): Promise<ExitStatus> {
  const [directory, reference, ...more] = words;
  if (directory === undefined || reference === undefined || more.length > 0) {
    const message = '`avian image push` needs an image directory and `REGISTRY/NAME[:TAG]`';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian image --help'), io);
  }
  const where = { directory, reference, plainHttp: options['plain-http'], cwd: io.cwd };
  let sent = 0;
  const tell = (): void => {
    io.stderr(`pushing to ${reference}: ${bytes(sent)} sent\n`);
  };
  tell();
  const talk = setInterval(tell, 2000);
  const onSent = (portion: number): void => {
    sent += portion;
  };
  const request = { ...where, ...given({ tag: options.tag }) };
  const pushed = await pushImage(request, { ...openPush(io), onSent }).finally(() => {
    clearInterval(talk);
  });
  if (pushed.ok && options.record !== undefined) {
    const file = resolve(io.cwd, options.record);
    const text = `${JSON.stringify(pushedJson(pushed.value), null, 2)}\n`;
    openProjectFiles(dirname(file)).write(basename(file), text);
  }
  return show(pushed, { text: pushedText, json: pushedJson }, options.json, io);
}

async function inspect(words: readonly string[], options: Options, io: Io): Promise<ExitStatus> {
  const directory = oneWord(words, 'image inspect', 'an image directory');
  if (!directory.ok) return tellProblem(directory.error, io);
  const where = { directory: directory.value, cwd: io.cwd };
  const contents = await inspectImage({ ...where, ...given({ tag: options.tag }) }, openImages(io));
  return show(contents, { text: contentsText, json: contentsJson }, options.json, io);
}

async function build(words: readonly string[], options: Options, io: Io): Promise<ExitStatus> {
  const none = noWords(words, 'image build');
  if (!none.ok) return tellProblem(none.error, io);
  if (options.output === undefined) {
    const message = '`avian image build` needs `--output DIR`';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian image --help'), io);
  }
  const request = { ...buildOptions(options.output, options), cwd: io.cwd };
  return withImageProject(io, async (ports) => {
    const built = await buildImage(request, ports);
    return show(built, { text: builtText, json: builtJson }, options.json, io);
  });
}

function buildOptions(output: string, options: Options): ImageOptions {
  const health: HealthOptions = given({
    cmd: options['health-cmd'],
    interval: options['health-interval'],
    timeout: options['health-timeout'],
    startPeriod: options['health-start-period'],
    retries: options['health-retries'],
  });
  return {
    output,
    copy: options.copy,
    env: options.env,
    expose: options.expose,
    label: options.label,
    allowMissing: options['allow-missing'],
    buildArg: options['build-arg'],
    health,
    ...given({
      builder: options.builder,
      file: options.file,
      context: options.context,
      target: options.target,
      network: options.network,
      model: options.model,
      workdir: options.workdir,
      entrypoint: options.entrypoint,
      user: options.user,
      base: options.base,
      tag: options.tag,
    }),
  };
}

/** Options that were typed, and no others. */
const given = <T extends object>(options: T): { readonly [Key in keyof T]?: NonNullable<T[Key]> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [Key in keyof T]?: NonNullable<T[Key]>;
  };

import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { CopySource, Healthcheck } from '../ports/image-store.ts';
import { parseHealth, type HealthOptions } from './healthcheck.ts';
import { splitWords, type Refuse } from './image-words.ts';

/** What a person asks for, as typed. */
export interface ImageOptions {
  /** Folder the layout is written to. */
  readonly output: string;
  /** `SRC:DST`, in order: one layer each. */
  readonly copy: readonly string[];
  /**
   * `SRC:DST` as for `copy`: the last layer, and labels name its digest and run. A Dockerfile does
   * the copying itself, and this tells what of it is the model.
   */
  readonly model?: string;
  readonly workdir?: string;
  /** One string, split at white space outside quotes. */
  readonly entrypoint?: string;
  /** `K=V` each. */
  readonly env?: readonly string[];
  /** `8080`, `8080/tcp`. */
  readonly expose?: readonly string[];
  readonly label?: readonly string[];
  /** Numeric user id; default 65532, never root unless asked. */
  readonly user?: string;
  /** `node` (default), `scratch`, `oci:DIR`; for an engine any image it can pull, too. */
  readonly base?: string;
  readonly tag?: string;
  readonly allowMissing?: readonly string[];
  readonly health?: HealthOptions;
  /** `oci` (default), or the program that builds. */
  readonly builder?: string;
  /** A Dockerfile, in place of all that says what goes in. */
  readonly file?: string;
  /** Folder that the Dockerfile copies from; default the working directory. */
  readonly context?: string;
  readonly buildArg?: readonly string[];
  /** Stage of the Dockerfile. */
  readonly target?: string;
  /** What the Dockerfile's commands may reach: `host`, `none`, or the engine's name of a network. */
  readonly network?: string;
}

export const ENGINES = ['docker', 'buildah', 'podman'] as const;
export type EngineName = (typeof ENGINES)[number];
export type Builder = 'oci' | EngineName;

export type Base =
  | { readonly kind: 'node' }
  | { readonly kind: 'scratch' }
  | { readonly kind: 'layout'; readonly directory: string }
  | { readonly kind: 'reference'; readonly name: string };

/** What an engine builds from a Dockerfile somebody wrote. */
export interface Recipe {
  readonly file: string;
  readonly context: string;
  readonly args: readonly (readonly [name: string, value: string])[];
  readonly target: string | undefined;
  readonly network: string | undefined;
}

/** A checked request. Paths are still relative to where it was typed. */
export interface ImagePlan {
  readonly output: string;
  readonly builder: Builder;
  /** In place of `copies`, `entrypoint` and the like. */
  readonly recipe: Recipe | undefined;
  readonly copies: readonly CopySource[];
  /** The last of `copies`; with a recipe, what that copies and where to. */
  readonly model: CopySource | undefined;
  /** Undefined: what the recipe says. */
  readonly base: Base | undefined;
  readonly user: number;
  readonly workdir: string | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly ports: readonly string[];
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly tag: string | undefined;
  readonly allowMissing: readonly string[];
  readonly healthcheck: Healthcheck | undefined;
}

/** Checks everything and reports every problem at once. */
export function planImage(options: ImageOptions): Result<ImagePlan, Problem> {
  const diagnostics: Diagnostic[] = [];
  const refuse = (code: string, message: string, hint?: string): undefined => {
    diagnostics.push(...problem('usage', code, message, hint).diagnostics);
    return undefined;
  };

  const builder = parseBuilder(options.builder ?? 'oci', refuse);
  const recipe = parseRecipe(options, builder, refuse);
  const copies = options.copy.map((text) => parseCopy('--copy', text, refuse));
  const model =
    options.model === undefined ? undefined : parseCopy('--model', options.model, refuse);
  const base =
    options.base === undefined && recipe !== undefined
      ? undefined
      : parseBase(options.base ?? 'node', builder, refuse);
  const env = (options.env ?? []).map((text) => parsePair('--env', text, refuse));
  const labels = (options.label ?? []).map((text) => parsePair('--label', text, refuse));
  const ports = (options.expose ?? []).map((text) => parsePort(text, refuse));
  const user = parseUser(options.user ?? '65532', refuse);
  const entrypoint =
    options.entrypoint === undefined
      ? undefined
      : splitWords('--entrypoint', options.entrypoint, refuse);
  const healthcheck = parseHealth(options.health ?? {}, refuse);
  if (options.workdir?.startsWith('/') === false) {
    refuse('image/not-absolute', `--workdir \`${options.workdir}\` is not absolute`);
  }
  if (options.tag !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,254}$/.test(options.tag)) {
    refuse('image/bad-tag', `\`${options.tag}\` cannot name an image`, 'such as `aviansight:1`');
  }
  const isLined = (options.env ?? []).some((text) => text.includes('\n'));
  if (isLined && builder !== 'oci') {
    refuse('image/bad-pair', '--env: a Dockerfile cannot hold a value of several lines');
  }
  if (options.output === '') refuse('image/no-output', '--output names no folder');
  const isBare = copies.length === 0 && options.model === undefined && options.file === undefined;
  if (isBare && base?.kind !== 'layout') {
    refuse('image/empty', 'nothing goes into the image', 'add --copy SRC:DST');
  }

  if (diagnostics.length > 0) return err({ kind: 'usage', diagnostics });
  return ok({
    output: options.output,
    builder: builder ?? 'oci',
    recipe,
    copies: recipe === undefined ? [...copies, model].filter(isDefined) : [],
    model,
    base,
    user: user ?? 65532,
    workdir: options.workdir,
    entrypoint,
    env: env.filter(isDefined),
    ports: ports.filter(isDefined),
    labels: labels.filter(isDefined),
    tag: options.tag,
    allowMissing: options.allowMissing ?? [],
    healthcheck,
  });
}

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

/** The destination starts at the last `:/`, so that a source may hold a colon. */
function parseCopy(flag: string, text: string, refuse: Refuse): CopySource | undefined {
  const at = text.lastIndexOf(':/');
  if (at <= 0) {
    const destination = text.slice(text.lastIndexOf(':') + 1);
    return text.includes(':') && !text.startsWith(':')
      ? refuse(
          'image/not-absolute',
          `${flag} \`${text}\`: the destination \`${destination}\` is not absolute`,
          `write \`${text.slice(0, text.lastIndexOf(':'))}:/${destination}\``,
        )
      : refuse('image/bad-copy', `${flag} \`${text}\` is not SRC:DST`, 'such as `dist:/app`');
  }
  const source = text.slice(0, at);
  const parts = text
    .slice(at + 1)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || text.includes('\0')) {
    return refuse('image/bad-copy', `${flag} \`${text}\`: the destination has a \`..\``);
  }
  return { source, destination: `/${parts.join('/')}` };
}

function parseBuilder(text: string, refuse: Refuse): Builder | undefined {
  const known = (['oci', ...ENGINES] as const).find((name) => name === text);
  const names = ['oci', ...ENGINES].join(', ');
  return known ?? refuse('image/bad-builder', `no builder is \`${text}\``, `one of: ${names}`);
}

function parseRecipe(
  options: ImageOptions,
  builder: Builder | undefined,
  refuse: Refuse,
): Recipe | undefined {
  const { file, context, target, network, buildArg = [] } = options;
  const args = buildArg.map((text) => parsePair('--build-arg', text, refuse)).filter(isDefined);
  if (file === undefined) {
    const belonging = [context, target, network, ...buildArg];
    return belonging.some((value) => value !== undefined)
      ? refuse('image/no-file', '--context, --build-arg, --target and --network belong to --file')
      : undefined;
  }
  if (builder === 'oci') {
    const hint = `add --builder ${ENGINES.join(', or ')}`;
    return refuse('image/needs-engine', 'a Dockerfile is built by an engine', hint);
  }
  const { copy, entrypoint, workdir, env = [], expose = [], user, health = {} } = options;
  const words = [...copy, ...env, ...expose];
  const told = [entrypoint, workdir, user, health.cmd];
  if (words.length > 0 || told.some((value) => value !== undefined)) {
    const message = 'what goes into the image is said twice, by --file and by options';
    return refuse('image/file-and-options', message, 'leave one of them out');
  }
  return { file, context: context ?? '.', args, target, network };
}

function parseBase(text: string, builder: Builder | undefined, refuse: Refuse): Base | undefined {
  if (text === 'node' || text === 'scratch') return { kind: text };
  if (text.startsWith('oci:') && text.length > 4)
    return { kind: 'layout', directory: text.slice(4) };
  const isReference = /^[a-z0-9][A-Za-z0-9._:/@-]*$/.test(text);
  if (builder !== 'oci' && isReference) return { kind: 'reference', name: text };
  return refuse(
    'image/bad-base',
    `--base \`${text}\` is unknown to the builder oci`,
    isReference
      ? `one of: node, scratch, oci:DIR; skopeo copy docker://${text} oci:DIR:base fetches it`
      : 'one of: node, scratch, oci:DIR',
  );
}

/** `K=V`; the value may hold further `=`. */
export function parsePair(
  flag: string,
  text: string,
  refuse: Refuse,
): readonly [string, string] | undefined {
  const at = text.indexOf('=');
  return at > 0
    ? [text.slice(0, at), text.slice(at + 1)]
    : refuse('image/bad-pair', `${flag} \`${text}\` is not NAME=VALUE`);
}

function parsePort(text: string, refuse: Refuse): string | undefined {
  const [, number, protocol = 'tcp'] = /^([0-9]+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const valid = Number(number) >= 1 && Number(number) <= 65_535;
  return valid
    ? `${number}/${protocol}`
    : refuse('image/bad-port', `--expose \`${text}\` is not a port`, 'such as 8080');
}

function parseUser(text: string, refuse: Refuse): number | undefined {
  return /^[0-9]{1,9}$/.test(text)
    ? Number(text)
    : refuse('image/bad-user', `--user \`${text}\` is not a numeric id`, 'such as 65532');
}

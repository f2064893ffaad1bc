import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { CopySource } from '../ports/image-store.ts';

/** What a person asks for, as typed. */
export interface ImageOptions {
  /** Folder the layout is written to. */
  readonly output: string;
  /** `SRC:DST`, in order: one layer each. */
  readonly copy: readonly string[];
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
  /** `node` (default), `scratch` or `oci:DIR`. */
  readonly base?: string;
  readonly tag?: string;
  readonly allowMissing?: readonly string[];
}

export type Base =
  | { readonly kind: 'node' }
  | { readonly kind: 'scratch' }
  | { readonly kind: 'layout'; readonly directory: string };

/** A checked request. Paths are still relative to where it was typed. */
export interface ImagePlan {
  readonly output: string;
  readonly copies: readonly CopySource[];
  readonly base: Base;
  readonly user: number;
  readonly workdir: string | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly ports: readonly string[];
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly tag: string | undefined;
  readonly allowMissing: readonly string[];
}

/** Checks everything and reports every problem at once. */
export function planImage(options: ImageOptions): Result<ImagePlan, Problem> {
  const diagnostics: Diagnostic[] = [];
  const refuse = (code: string, message: string, hint?: string): undefined => {
    diagnostics.push(...problem('usage', code, message, hint).diagnostics);
    return undefined;
  };

  const copies = options.copy.map((text) => parseCopy(text, refuse));
  const base = parseBase(options.base ?? 'node', refuse);
  const env = (options.env ?? []).map((text) => parsePair('--env', text, refuse));
  const labels = (options.label ?? []).map((text) => parsePair('--label', text, refuse));
  const ports = (options.expose ?? []).map((text) => parsePort(text, refuse));
  const user = parseUser(options.user ?? '65532', refuse);
  const entrypoint =
    options.entrypoint === undefined ? undefined : splitWords(options.entrypoint, refuse);
  if (options.workdir?.startsWith('/') === false) {
    refuse('image/not-absolute', `--workdir \`${options.workdir}\` is not absolute`);
  }
  if (options.tag !== undefined && !/^[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,254}$/.test(options.tag)) {
    refuse('image/bad-tag', `\`${options.tag}\` cannot name an image`, 'such as `aviansight:1`');
  }
  if (options.output === '') refuse('image/no-output', '--output names no folder');
  if (copies.length === 0 && base?.kind !== 'layout') {
    refuse('image/empty', 'nothing goes into the image', 'add --copy SRC:DST');
  }

  if (diagnostics.length > 0) return err({ kind: 'usage', diagnostics });
  return ok({
    output: options.output,
    copies: copies.filter(isDefined),
    base: base ?? { kind: 'node' },
    user: user ?? 65532,
    workdir: options.workdir,
    entrypoint,
    env: env.filter(isDefined),
    ports: ports.filter(isDefined),
    labels: labels.filter(isDefined),
    tag: options.tag,
    allowMissing: options.allowMissing ?? [],
  });
}

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

type Refuse = (code: string, message: string, hint?: string) => undefined;

/** The destination starts at the last `:/`, so that a source may hold a colon. */
function parseCopy(text: string, refuse: Refuse): CopySource | undefined {
  const at = text.lastIndexOf(':/');
  if (at <= 0) {
    const destination = text.slice(text.lastIndexOf(':') + 1);
    return text.includes(':') && !text.startsWith(':')
      ? refuse(
          'image/not-absolute',
          `--copy \`${text}\`: the destination \`${destination}\` is not absolute`,
          `write \`${text.slice(0, text.lastIndexOf(':'))}:/${destination}\``,
        )
      : refuse('image/bad-copy', `--copy \`${text}\` is not SRC:DST`, 'such as `dist:/app`');
  }
  const source = text.slice(0, at);
  const parts = text
    .slice(at + 1)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || text.includes('\0')) {
    return refuse('image/bad-copy', `--copy \`${text}\`: the destination has a \`..\``);
  }
  return { source, destination: `/${parts.join('/')}` };
}

function parseBase(text: string, refuse: Refuse): Base | undefined {
  if (text === 'node' || text === 'scratch') return { kind: text };
  if (text.startsWith('oci:') && text.length > 4)
    return { kind: 'layout', directory: text.slice(4) };
  return refuse(
    'image/bad-base',
    `--base \`${text}\` is unknown`,
    'one of: node, scratch, oci:DIR',
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

/** Words as a shell would split them, without any expansion. */
export function splitWords(text: string, refuse: Refuse): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else word = `${word ?? ''}${char}`;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      at += 1;
      word = `${word ?? ''}${text.charAt(at)}`;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${char}`;
  }
  if (quote !== undefined) {
    return refuse('image/bad-entrypoint', `--entrypoint \`${text}\` leaves a quote open`);
  }
  if (word !== undefined) words.push(word);
  return words.length > 0
    ? words
    : refuse('image/bad-entrypoint', '--entrypoint names no program', "such as 'node server.js'");
}

import { basename, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Download, DownloadOptions, Downloads } from '../../ports/downloads.ts';
import type { DownloadSettings } from './download-settings.ts';
import { fetchFile } from './fetch-file.ts';
import { fetchHttp } from './fetch-http.ts';

type Fetch = (
  url: string,
  options: DownloadOptions,
  settings: DownloadSettings,
) => Promise<Result<Download | 'unchanged', Problem>>;

/** What can be fetched. A bucket becomes one more line. */
const SCHEMES: { readonly [scheme: string]: Fetch } = {
  'https:': fetchHttp,
  'http:': fetchHttp,
  'file:': fetchFile,
};

export function openDownloads(settings: DownloadSettings): Downloads {
  return {
    resolve: (typed) => resolve(typed, settings),
    async fetch(url, options) {
      const { protocol } = new URL(url);
      const fetch = SCHEMES[protocol];
      return fetch === undefined ? err(unknownScheme(protocol)) : fetch(url, options, settings);
    },
  };
}

function resolve(
  typed: string,
  { root, cwd }: DownloadSettings,
): Result<{ readonly url: string; readonly name: string }, Problem> {
  // A letter and a colon alone would be a drive; a scheme has two at least.
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(typed);
  const url = isUrl ? parse(typed) : pathToFileURL(resolvePath(cwd, typed));
  if (url === undefined) return err(usage('import/bad-url', `\`${typed}\` is no URL`));
  if (!(url.protocol in SCHEMES)) return err(unknownScheme(url.protocol));
  if (url.username !== '' || url.password !== '') {
    const hint = 'pipeline.lock names the URL for everybody who has the repository';
    return err(usage('import/credentials', 'a URL with a user or password is not fetched', hint));
  }
  if (url.protocol === 'file:') {
    if (url.host !== '') return err(usage('import/bad-url', `\`${typed}\` names another host`));
    if (`${fileURLToPath(url)}/`.startsWith(`${root}/`)) {
      const hint = 'avian add keeps what lies in the project';
      return err(usage('import/inside', `\`${typed}\` lies in the project`, hint));
    }
  }
  url.hash = '';
  return ok({ url: url.href, name: decoded(basename(url.pathname)) });
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const usage = (code: string, message: string, hint?: string): Problem =>
  problem('usage', code, message, hint);

const unknownScheme = (protocol: string): Problem =>
  usage(
    'import/unknown-scheme',
    `\`${protocol}\` cannot be fetched`,
    `can be: ${Object.keys(SCHEMES).join(', ')} and paths outside the project`,
  );

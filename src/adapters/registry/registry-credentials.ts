import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { NoCredentials, type Credentials } from '../bucket-gcs/credentials.ts';

/** How one shows who one is; an identity token is changed into others by the registry's own server. */
export type Login =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

export interface LoginOptions {
  readonly env: { readonly [name: string]: string | undefined };
  /** Of the person, absolute. */
  readonly home: string;
  readonly google: Credentials;
}

/** Why credentials that somebody set up cannot be had. */
export class LoginFailed extends Error {}

/** `docker login` keeps this name for the registry that docker calls `docker.io`. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

/**
 * Who to be at a registry: what docker's config.json says (its helpers included), and for Google's
 * registries application-default credentials. Undefined: nobody. avian keeps none.
 * @throws LoginFailed
 */
export async function findLogin(
  registry: string,
  { env, home, google }: LoginOptions,
): Promise<Login | undefined> {
  const folder = env['DOCKER_CONFIG'] ?? join(home, '.docker');
  const config = await readConfig(join(folder, 'config.json'));
  const name = registry === 'docker.io' ? DOCKER_HUB : registry;
  const helper = textOf(objectOf(config['credHelpers'])[name]) ?? textOf(config['credsStore']);
  const told = helper === undefined ? inFile(config, name) : await askHelper(helper, name, env);
  if (told !== undefined) return told;
  return isGoogle(registry) ? googleLogin(google) : undefined;
}

export const isGoogle = (registry: string): boolean =>
  /(^|\.)gcr\.io$|-docker\.pkg\.dev$/.test(registry);

async function googleLogin(google: Credentials): Promise<Login> {
  try {
    const { authorization = '' } = await google.headers(false);
    const token = authorization.replace(/^Bearer /i, '');
    return { kind: 'password', user: 'oauth2accesstoken', password: token };
  } catch (error) {
    if (!(error instanceof NoCredentials)) throw error;
    throw new LoginFailed(error.message, { cause: error });
  }
}

async function readConfig(path: string): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new LoginFailed(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    return objectOf(JSON.parse(text) as JsonValue);
  } catch (error) {
    throw new LoginFailed(`${path} is not JSON`, { cause: error });
  }
}

/** An entry may be named by the host or by an address of it, as old docker wrote. */
function inFile(config: JsonObject, name: string): Login | undefined {
  const entries = Object.entries(objectOf(config['auths']));
  const plain = (key: string): string =>
    key.replace(/^https?:\/\//, '').replace(/\/(v[12]\/?)?$/, '');
  const found =
    entries.find(([key]) => key === name) ?? entries.find(([key]) => plain(key) === plain(name));
  const entry = objectOf(found?.[1]);
  const identity = textOf(entry['identitytoken']);
  if (identity !== undefined) return { kind: 'identity-token', token: identity };
  const decoded = Buffer.from(textOf(entry['auth']) ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const user = textOf(entry['username']) ?? (colon > 0 ? decoded.slice(0, colon) : undefined);
  const password = textOf(entry['password']) ?? (colon > 0 ? decoded.slice(colon + 1) : undefined);
  return user === undefined || password === undefined
    ? undefined
    : { kind: 'password', user, password };
}

/** `docker-credential-NAME get`: the server's name on stdin, JSON on stdout. */
async function askHelper(
  helper: string,
  name: string,
  env: LoginOptions['env'],
): Promise<Login | undefined> {
  if (!/^[\w.-]+$/.test(helper))
    throw new LoginFailed(`\`${helper}\` cannot be a credential helper`);
  const program = `docker-credential-${helper}`;
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const child = execFile(program, ['get'], { env, timeout: 30_000 }, (error, stdout, stderr) => {
    if (error === null) resolve(stdout);
    // The words of the protocol for "nobody logged in".
    else if (/credentials not found/i.test(stdout + stderr)) resolve(undefined);
    else reject(new LoginFailed(`${program}: ${(stderr || stdout || error.message).trim()}`));
  });
  // A helper that does not read its input closes it; what it says counts.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(name);
  const answer = await promise;
  if (answer === undefined) return undefined;
  const parsed = parseAnswer(answer, program);
  const user = textOf(parsed['Username']);
  const password = textOf(parsed['Secret']);
  if (user === undefined || password === undefined) return undefined;
  return user === '<token>'
    ? { kind: 'identity-token', token: password }
    : { kind: 'password', user, password };
}

function parseAnswer(answer: string, program: string): JsonObject {
  try {
    return objectOf(JSON.parse(answer) as JsonValue);
  } catch (error) {
    // Without its text: it may hold the secret.
    throw new LoginFailed(`${program} answered something that is not JSON`, { cause: error });
  }
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { BlobSource, OpenRepository, Repository } from '../../ports/registry.ts';
import { googleCredentials, type Credentials } from '../bucket-gcs/credentials.ts';
import type { Answer } from '../bucket-gcs/exchange.ts';
import { refusal, thrown, type Asked } from './answers.ts';
import { findLogin } from './registry-credentials.ts';
import { openSession, PATIENCE, type Patience, type RegistrySession } from './registry-session.ts';

export interface RegistryOptions {
  readonly env: { readonly [name: string]: string | undefined };
  readonly home: string;
  readonly google?: Credentials;
  readonly patience?: Patience;
}

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(', ');

/** Where docker.io's registry really is. */
const hostOf = (registry: string): string =>
  registry === 'docker.io' ? 'registry-1.docker.io' : registry;

const isLoopback = (registry: string): boolean =>
  /^(localhost|127(\.[0-9]+){3}|\[::1\])(:[0-9]+)?$/.test(registry);

/** Any registry that speaks the OCI distribution protocol 1.0 or 1.1, and so docker's. */
export function openRegistries(options: RegistryOptions): OpenRepository {
  const google = options.google ?? googleCredentials();
  return ({ registry, repository, plainHttp, signal }) => {
    // As docker has it: a registry on this machine needs no certificate, and hears nothing of others.
    const isPlain = plainHttp || isLoopback(registry);
    const endpoint = `${isPlain ? 'http' : 'https'}://${hostOf(registry)}`;
    const session = openSession({
      endpoint,
      repository,
      login: () => findLogin(registry, { ...options, google }),
      mayProve: !isPlain || isLoopback(registry),
      patience: options.patience ?? PATIENCE,
      signal,
    });
    return openRepository(session, { registry, repository, endpoint });
  };
}

interface Place extends Asked {
  readonly endpoint: string;
}

function openRepository(session: RegistrySession, place: Place): Repository {
  const base = `${place.endpoint}/v2/${place.repository}`;
  const attempt = async <T>(
    work: () => Promise<Result<T, Problem>>,
  ): Promise<Result<T, Problem>> => {
    try {
      return await work();
    } catch (error) {
      return err(thrown(error, place));
    }
  };
  const refuse = async (answer: Answer): Promise<Result<never, Problem>> =>
    err(refusal(answer.status, await answer.text(), place));

  return {
    putBlob: (blob) =>
      attempt(async () => {
        const known = await session.ask({
          method: 'HEAD',
          url: `${base}/blobs/${blob.digest}`,
          headers: {},
        });
        if (known.status === 200) return ok(0);
        if (known.status !== 404) return refuse(known);
        const begun = await session.ask({
          method: 'POST',
          url: `${base}/blobs/uploads/`,
          headers: {},
        });
        const { location } = begun.headers;
        if (begun.status !== 202 || location === undefined) return refuse(begun);
        const sent = await session.ask(upload(session.resolve(location), blob));
        return sent.status === 201 ? ok(blob.size) : refuse(sent);
      }),

    putManifest: (reference, { mediaType, text, digest }) =>
      attempt(async () => {
        const bytes = Buffer.from(text);
        const answer = await session.ask({
          method: 'PUT',
          url: `${base}/manifests/${reference}`,
          headers: { 'content-type': mediaType },
          body: { size: bytes.length, pieces: again(() => [bytes]) },
        });
        if (answer.status !== 201) return refuse(answer);
        const stored = answer.headers['docker-content-digest'];
        if (stored !== undefined && stored !== digest) {
          return err(changed(place, digest, String(stored)));
        }
        return ok({ listsReferrers: answer.headers['oci-subject'] !== undefined });
      }),

    manifest: (reference) =>
      attempt(async () => {
        const answer = await session.ask({
          method: 'GET',
          url: `${base}/manifests/${reference}`,
          headers: { accept: MANIFESTS },
        });
        if (answer.status === 404) return ok(undefined);
        return answer.status === 200 ? ok(await answer.text()) : refuse(answer);
      }),

    close: () => {
      session.close();
    },
  };
}

function upload(location: string, blob: BlobSource) {
  const url = new URL(location);
  url.searchParams.set('digest', blob.digest);
  return {
    method: 'PUT',
    url: url.href,
    headers: { 'content-type': 'application/octet-stream' },
    body: { size: blob.size, pieces: again(() => blob.read()) },
  } as const;
}

/** Bytes that each try reads anew. */
const again = (read: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => ({
  async *[Symbol.asyncIterator]() {
    yield* read();
  },
});

const changed = ({ registry }: Asked, sent: string, stored: string): Problem =>
  problem(
    'remote',
    'registry/other-digest',
    `${registry} was sent ${sent} and says that it stored ${stored}`,
    'something between here and the registry changes what passes; push again past it',
  );

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFileBucket } from '../adapters/bucket-file/bucket-file.ts';
import { openGcsBucket } from '../adapters/bucket-gcs/bucket-gcs.ts';
import { googleCredentials, noCredentials } from '../adapters/bucket-gcs/credentials.ts';
import { openExportFolder } from '../adapters/export-folder/export-folder.ts';
import { crc32c } from '../adapters/hash/crc32c.ts';
import { openRemoteIndex, type StoredRemoteIndex } from '../adapters/remote-index/remote-index.ts';
import type { ExportContext } from '../commands/export.ts';
import type { RemoteContext } from '../commands/remote-context.ts';
import { problem } from '../model/diagnostic.ts';
import type { Emit } from '../model/event.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Remote } from '../model/remote.ts';
import type { Bucket, UploadSessions } from '../ports/bucket.ts';
import { isRemote } from '../transfer/bucket-target.ts';
import { MARKER } from '../transfer/layout.ts';
import { LIMITS } from '../transfer/patience.ts';
import type { OpenRemote } from '../transfer/tools.ts';
import { withProject } from './compose.ts';
import type { ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';

const GOOGLE = 'https://storage.googleapis.com';

/** A project and its remotes; what was opened of them is closed at the end. */
export function withRemotes(
  io: Io,
  emit: Emit,
  work: (context: RemoteContext) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  return withProject(io, emit, async (context) => {
    const closers: (() => void)[] = [];
    const connect = async (remote: Remote): Promise<OpenRemote> => {
      const endpoint = endpointOf(remote, io.env);
      const memory = join(context.ports.environment.root, 'cache/v1/remote.sqlite');
      // An emulator's bucket is another one than Google's of the same name.
      const key = endpoint === GOOGLE ? remote.url : `${remote.url} at ${endpoint}`;
      const index: StoredRemoteIndex = await openRemoteIndex(memory, key);
      const { bucket, close } = openBucket(remote, endpoint, index);
      closers.push(() => {
        close();
        index.close();
      });
      return {
        ...{ bucket, index, limits: LIMITS, random: Math.random },
        nonce: () => randomBytes(16).toString('hex'),
      };
    };
    try {
      return await work({ ...context, connect });
    } finally {
      for (const close of closers) close();
    }
  });
}

/** Opens the place that an export writes to. */
export const openDestination =
  (io: Io, { connect }: Pick<RemoteContext, 'connect'>): ExportContext['open'] =>
  async (to) => {
    if (to.startsWith('gs://')) {
      const bucket = await connect({ name: to, url: to });
      return { kind: 'bucket', bucket, checksum: crc32c };
    }
    if (/^[a-z][a-z0-9+.-]*:/i.test(to) && !to.startsWith('file:///')) {
      const hint = 'gs://BUCKET/PREFIX, or a folder';
      throw new ProblemError(
        problem('usage', 'export/bad-destination', `nothing can be exported to \`${to}\``, hint),
      );
    }
    const path = to.startsWith('file:') ? fileURLToPath(to) : resolve(io.cwd, to);
    if (existsSync(join(path, MARKER))) throw isRemote(path);
    return { kind: 'folder', target: openExportFolder(path) };
  };

function openBucket(
  { name, url }: Remote,
  endpoint: string,
  sessions: UploadSessions,
): { readonly bucket: Bucket; readonly close: () => void } {
  if (url.startsWith('file:///')) {
    return { bucket: openFileBucket(fileURLToPath(url)), close: () => undefined };
  }
  const [, bucket, prefix = ''] = /^gs:\/\/([^/]+)(?:\/(.*?))?\/*$/.exec(url) ?? [];
  if (bucket === undefined) {
    const hint =
      name === url ? 'gs://BUCKET/PREFIX' : `avian remote modify ${name} --url gs://BUCKET/PREFIX`;
    throw new ProblemError(
      problem('usage', 'remote/bad-url', `\`${url}\` is no address of a remote`, hint),
    );
  }
  // No token is ever sent in clear.
  const credentials = endpoint.startsWith('https:') ? googleCredentials() : noCredentials;
  const opened = openGcsBucket({ bucket, prefix, endpoint, credentials, sessions });
  return { bucket: opened, close: () => opened.close() };
}

function endpointOf({ endpoint }: Remote, env: Io['env']): string {
  const given = endpoint ?? env['STORAGE_EMULATOR_HOST'] ?? GOOGLE;
  const whole = /^https?:\/\//.test(given) ? given : `http://${given}`;
  return whole.replace(/\/+$/, '');
}

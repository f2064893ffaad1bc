import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFileBucket } from '../adapters/bucket-file/bucket-file.ts';
import { openGcsBucket } from '../adapters/bucket-gcs/bucket-gcs.ts';
import { LOG_IN } from '../adapters/bucket-gcs/answers.ts';
import {
  googleCredentials,
  noCredentials,
  NoCredentials,
} from '../adapters/bucket-gcs/credentials.ts';
import { openRemoteIndex, type StoredRemoteIndex } from '../adapters/remote-index/remote-index.ts';
import { openTransferLog } from '../adapters/transfer-log/transfer-log.ts';
import { openExportFolder } from '../adapters/export-folder/export-folder.ts';
import { crc32c } from '../adapters/hash/crc32c.ts';
import type { Credentials } from '../commands/doctor-remote.ts';
import type { ExportContext } from '../commands/export.ts';
import type { RemoteContext } from '../commands/remote-context.ts';
import { problem } from '../model/diagnostic.ts';
import type { Emit } from '../model/event.ts';
import { redacted } from '../model/redacted.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Remote } from '../model/remote.ts';
import type { Bucket, UploadSessions } from '../ports/bucket.ts';
import type { TransferLog } from '../ports/transfer-log.ts';
import { meteredBucket } from '../transfer/meter.ts';
import { isRemote } from '../transfer/bucket-target.ts';
import { MARKER } from '../transfer/layout.ts';
import { LIMITS } from '../transfer/patience.ts';
import type { OpenRemote } from '../transfer/tools.ts';
import { withProject, type ProjectContext } from './compose.ts';
import type { ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';

const GOOGLE = 'https://storage.googleapis.com';

/** A project and its remotes; what was opened of them is closed at the end. */
export const withRemotes = (
  io: Io,
  emit: Emit,
  work: (context: RemoteContext) => Promise<ExitStatus>,
): Promise<ExitStatus> => withProject(io, emit, (context) => usingRemotes(context, io, work));

/** As `withRemotes`, for a project that is open already. */
export async function usingRemotes<T>(
  context: ProjectContext,
  io: Io,
  work: (context: RemoteContext) => Promise<T>,
): Promise<T> {
  const closers: (() => Promise<void>)[] = [];
  const connect = async (remote: Remote): Promise<OpenRemote> => {
    const endpoint = endpointOf(remote, io.env);
    const memory = join(context.ports.environment.root, 'cache/v1/remote.sqlite');
    // An emulator's bucket is another one than Google's of the same name.
    const key = endpoint === GOOGLE ? remote.url : `${remote.url} at ${endpoint}`;
    const index: StoredRemoteIndex = await openRemoteIndex(memory, key);
    const { bucket, close } = openBucket(remote, endpoint, index);
    const metered = meteredBucket(bucket);
    const { clock } = context.ports;
    const startedAt = clock.monotonic();
    closers.push(async () => {
      close();
      index.close();
      const { requests, sent, received } = metered.read();
      if (requests.a + requests.b + requests.free === 0) return;
      // Without it a transfer is not counted; on a full disk that is the least of all worries.
      const noted = openLogOfTransfers(context).append({
        ...{ at: new Date(clock.now()).toISOString(), command: redacted(context.commandLine) },
        ...{ remote: remote.name, url: remote.url, requests, sent, received },
        durationMs: Math.round(clock.monotonic() - startedAt),
      });
      await noted.catch(() => undefined);
    });
    return {
      ...{ bucket: metered.bucket, index, limits: LIMITS, random: Math.random },
      nonce: () => randomBytes(16).toString('hex'),
    };
  };
  try {
    return await work({ ...context, connect });
  } finally {
    for (const close of closers) await close();
  }
}

/** Whether there is something to prove with who asks, and what it is, never what is in it. */
export async function credentialsFor(remote: Remote, { env }: Io): Promise<Credentials> {
  if (remote.url.startsWith('file:'))
    return { kind: 'not-needed', detail: 'a directory needs none' };
  const endpoint = endpointOf(remote, env);
  if (!endpoint.startsWith('https:')) {
    return {
      kind: 'not-needed',
      detail: `${endpoint} gets none: over plain http no token is sent`,
    };
  }
  try {
    await googleCredentials().headers(false);
  } catch (error) {
    if (!(error instanceof NoCredentials)) throw error;
    return { kind: 'missing', detail: redacted(error.message), hint: LOG_IN };
  }
  const file = env['GOOGLE_APPLICATION_CREDENTIALS'];
  return {
    kind: 'found',
    detail: `application-default credentials${file === undefined ? '' : ` of ${file}`}`,
  };
}

/** What commands of this machine asked of remotes. */
export const openLogOfTransfers = ({ ports }: Pick<ProjectContext, 'ports'>): TransferLog =>
  openTransferLog(join(ports.environment.root, 'cache/v1/transfers.jsonl'));

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

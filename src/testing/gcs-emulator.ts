import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Test } from 'tap';

export const INSTALL = 'go install github.com/fsouza/fake-gcs-server@latest';

/** The emulator's program, where it is installed. */
export function findEmulator(): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    process.env['GOBIN'] ?? '',
    join(homedir(), 'go/bin'),
  ];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'fake-gcs-server'))
    .find((path) => existsSync(path));
}

export interface Emulator {
  readonly endpoint: string;
  readonly close: () => Promise<void>;
}

/** Starts it with one bucket, `birds`; its address. Ends with the test. */
export async function startEmulator(t: Test, program: string): Promise<string> {
  const { endpoint, close } = await openEmulator(program);
  t.teardown(close);
  return endpoint;
}

export interface EmulatorOptions {
  /** Where it keeps its objects as files; in memory without. */
  readonly folder?: string;
  readonly port?: number;
  /** Where it tells clients to find it, when a proxy stands in front of it. */
  readonly externalUrl?: string;
}

/** As `startEmulator`, outside of a test; to be closed. */
export async function openEmulator(
  program: string,
  { folder, port: wanted, externalUrl }: EmulatorOptions = {},
): Promise<Emulator> {
  const port = wanted ?? (await freePort());
  const address = `127.0.0.1:${port}`;
  const endpoint = `http://${address}`;
  const backend =
    folder === undefined
      ? ['-backend', 'memory']
      : ['-backend', 'filesystem', '-filesystem-root', folder];
  const emulator = spawn(
    program,
    [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), ...backend],
      // Without a port: it then answers to a proxy's as well.
      ...['-public-host', '127.0.0.1', '-external-url', externalUrl ?? endpoint],
      ...['-log-level', 'error'],
    ],
    { stdio: 'ignore' },
  );
  const close = (): Promise<void> =>
    new Promise<void>((resolve) => {
      if (emulator.exitCode !== null || emulator.signalCode !== null) return resolve();
      emulator.once('exit', () => resolve());
      emulator.kill('SIGKILL');
    });
  for (;;) {
    const made = await fetch(`${endpoint}/storage/v1/b?project=p`, {
      method: 'POST',
      body: '{"name":"birds"}',
      headers: { 'content-type': 'application/json' },
    }).catch(() => undefined);
    if (made?.ok === true) return { endpoint, close };
    if (emulator.exitCode !== null) throw new Error(`${program} ended with ${emulator.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

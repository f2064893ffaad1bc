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

/** Starts it with one bucket, `birds`; its address. Ends with the test. */
export async function startEmulator(t: Test, program: string): Promise<string> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const endpoint = `http://${address}`;
  const emulator = spawn(
    program,
    [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'],
      ...['-public-host', address, '-external-url', endpoint, '-log-level', 'error'],
    ],
    { stdio: 'ignore' },
  );
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        emulator.once('exit', () => resolve());
        emulator.kill('SIGKILL');
      }),
  );
  for (;;) {
    const made = await fetch(`${endpoint}/storage/v1/b?project=p`, {
      method: 'POST',
      body: '{"name":"birds"}',
      headers: { 'content-type': 'application/json' },
    }).catch(() => undefined);
    if (made?.ok === true) return endpoint;
    if (emulator.exitCode !== null) throw new Error(`${program} ended with ${emulator.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

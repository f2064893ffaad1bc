import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

const INSTALL = {
  docker: 'a running docker daemon: apt-get install -y docker.io',
  buildah: 'buildah: apt-get install -y --no-install-recommends buildah',
  podman: 'podman: apt-get install -y --no-install-recommends podman runc conmon netavark',
} as const;

/** What has to be installed for an engine, when it does not work here; false when it does. */
export function lacking(engine: keyof typeof INSTALL): string | false {
  try {
    // The version of the client says nothing of docker's daemon.
    execFileSync(engine, [engine === 'docker' ? 'info' : '--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return `needs ${INSTALL[engine]}`;
  }
}

/**
 * The environment in which podman and buildah keep their images in a folder that goes with the test,
 * and need neither overlay mounts nor namespaces. Its path is short: podman's sockets lie in there.
 */
export function engineEnvironment(t: Test): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), 'avian-engine-'));
  const config = join(folder, 'storage.conf');
  const storage = { driver: 'vfs', graphroot: join(folder, 'root'), runroot: join(folder, 'run') };
  const lines = Object.entries(storage).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  writeFileSync(config, `[storage]\n${lines.join('\n')}\n`);
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return { ...process.env, CONTAINERS_STORAGE_CONF: config, BUILDAH_ISOLATION: 'chroot' };
}

/** Services under load: how each starts, what wrk says of it, what it cost. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawScene } from '../../stages/fetch/plates/scene.ts';
import { photograph } from '../../stages/fetch/plates/photograph.ts';
import { SPECIES } from '../../stages/fetch/plates/species.ts';
import { asShipped } from '../../stages/serve/testing/as-shipped.ts';
import { createRandom } from '../../stages/vision/random.ts';

export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
  /** CPU time of the service, a request. */
  readonly cpuMs: number;
}

export interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  /** CPU time so far, of the process and its children. */
  cpuMs(): number;
  /** Resident memory of the process, bytes. */
  rss(): number;
  stop(): Promise<void>;
}

export interface Forms {
  readonly folder: string;
  readonly count: number;
}

/** Photographs of birds of that size, each as the body of a form. */
export async function writeForms(folder: string, size: number, count = 24): Promise<Forms> {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index++) {
    const chance = createRandom(47).fork(`${index}`);
    const jpeg = await photograph(drawScene(SPECIES[index % SPECIES.length], chance, size), chance);
    const head = `--bench\r\nContent-Disposition: form-data; name="bird_image"; filename="${index}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
    writeFileSync(
      join(folder, String(index)),
      Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\r\n--bench--\r\n')]),
    );
  }
  return { folder, count };
}

/** Starts the bundled service with the words and variables of its image, and `env` beside them. */
export function startAvianSight(
  service: string,
  modelDir: string,
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  const shipped = asShipped();
  return start(
    () => [process.execPath, ...shipped.nodeOptions, 'server.js'],
    (port) => ({
      ...shipped.env,
      ...{ HOST: '127.0.0.1', PORT: String(port), MODEL_DIR: modelDir },
      ...env,
    }),
    service,
  );
}

/** Starts a server that answers /readyz with 200 when it can be used. */
export async function start(
  words: (port: number) => readonly string[],
  env: (port: number) => Readonly<Record<string, string>>,
  cwd: string,
): Promise<Running> {
  const port = await freePort();
  const [program = '', ...args] = words(port);
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env['PATH'], ...env(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    const ready = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const pid = child.pid ?? -1;
  return {
    url,
    child,
    cpuMs: () => family(pid).reduce((sum, each) => sum + cpuMsOf(each), 0),
    rss: () => family(pid).reduce((sum, each) => sum + rssOf(each), 0),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const script = fileURLToPath(new URL('./photographs.lua', import.meta.url));

/** wrk for that long, with that many connections, each waiting for its answer before it asks again. */
export function load(service: Running, forms: Forms, seconds: number, connections: number): Load {
  const before = service.cpuMs();
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', script];
  const wrk = spawnSync('wrk', [...args, service.url, '--', forms.folder, String(forms.count)], {
    encoding: 'utf8',
  });
  const cpuMs = service.cpuMs() - before;
  const [, json] = /^RESULT (.*)$/m.exec(wrk.stdout) ?? [];
  if (json === undefined) throw new Error(`wrk failed: ${wrk.stdout}${wrk.stderr}`);
  const told = JSON.parse(json) as { requests: number; seconds: number } & Load;
  return {
    ...told,
    perSecond: told.requests / told.seconds,
    cpuMs: cpuMs / told.requests,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}

/** A process and what it has started: uvicorn's workers are children. */
function family(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => fieldsOf(Number(name))[1] === String(pid));
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

/** Fields of /proc/PID/stat from the third (state) on: 1 is the parent, 11 and 12 are CPU time in ticks. */
function fieldsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

const TICKS_A_SECOND = 100;

function cpuMsOf(pid: number): number {
  const fields = fieldsOf(pid);
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_A_SECOND) * 1000;
}

function rssOf(pid: number): number {
  try {
    const [, kilobytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/**
 * Claims about push and pull, through fake-gcs-server on files with latency added to each request, side
 * by side with rclone and DVC:
 *
 *   node bench/remote/run.ts [many] [large] [more] [--latency 50] [--scale 1] [--peers 1] [--dir /tmp]
 *
 * many   10,000 files of 20 KB: push and pull at most 1.3 times what the same bytes take as one file, a
 *        fifth of rclone and a tenth of DVC, 60 requests each; a no-op at most 5 requests and 0.2 s above
 *        Node's start and one round trip; 100 more files at most 12 requests
 * large  one file of 1 GB: at least rclone's rate, both ways
 * more   100,000 files of 2 KB: push and pull within 512 MB of memory and 256 open files
 *
 * All three by default; `--scale 0.1` makes each a tenth of its size. The emulator takes about 150 small uploads a
 * second, so peers may be given a part of the files only: with `--peers 0.2` a fifth, and avian is measured beside them
 * on as many. rclone and DVC take part where they are installed.
 *
 * Nothing is removed before the end: where thousands of files went within the last five minutes, ext4 takes 1 ms to
 * create one instead of 0.05. On a machine where others remove files, `--dir /dev/shm` is the fairer place.
 */
import { fork, execFileSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findEmulator, freePort, INSTALL, openEmulator } from '../../src/testing/gcs-emulator.ts';
import { makeFiles, makeLarge } from '../make-files.ts';
import {
  AVIAN,
  describeFileSystem,
  findPeer,
  judge,
  measure,
  median,
  NODE_START,
  peakMemory,
} from '../measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    latency: { type: 'string', default: '50' },
    scale: { type: 'string', default: '1' },
    peers: { type: 'string', default: '1' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const latency = Number(values.latency);
const scale = Number(values.scale);
const share = Number(values.peers);
const MB = 1e6;

const emulator = findEmulator();
if (emulator === undefined) {
  console.log(`fake-gcs-server is not installed, nothing is measured (${INSTALL})`);
  process.exit(0);
}
const rclone = findPeer('rclone', 'apt-get install rclone');
const dvc = findDvc();

const root = mkdtempSync(join(values.dir, 'avian-bench-'));
const bucket = join(root, 'bucket');
mkdirSync(bucket);
const port = await freePort();
const proxy = fork(join(import.meta.dirname, 'proxy.ts'), [
  `http://127.0.0.1:${port}`,
  values.latency,
]);
const endpoint = String(await ask(proxy, 'endpoint'));
const { close } = await openEmulator(emulator, { folder: bucket, port, externalUrl: endpoint });

const suites: { readonly [name: string]: () => Promise<void> } = { many, large, more };

try {
  console.log(
    `on ${describeFileSystem(root)}, ${availableParallelism()} cores, ${latency} ms added to each request`,
  );
  for (const name of positionals.length > 0 ? positionals : Object.keys(suites)) {
    const suite = suites[name];
    if (suite === undefined) throw new Error(`there is no suite ${name}`);
    await suite();
  }
} finally {
  await close();
  proxy.disconnect();
  rmSync(root, { recursive: true, force: true });
}

interface Transfer {
  readonly ms: number;
  readonly cpuMs: number;
  readonly requests: number;
}

/** Runs a command and counts the requests it makes. */
async function transfer(what: string, words: readonly string[], cwd: string): Promise<Transfer> {
  execFileSync('sync');
  await ask(proxy, 'requests');
  const { wallMs: ms, cpuMs } = measure(words, cwd);
  const requests = Number(await ask(proxy, 'requests'));
  console.log(
    `  ${what.padEnd(26)} ${ms.toFixed(0).padStart(7)} ms ${cpuMs.toFixed(0).padStart(7)} ms of CPU time ${String(requests).padStart(7)} requests`,
  );
  return { ms, cpuMs, requests };
}

async function many(): Promise<void> {
  const count = Math.round(10_000 * scale);
  console.log(`${count} files of 20 KB`);
  const avianOnes = await bothWays('many', 'avian', (folder) =>
    makeFiles(join(folder, 'data'), count, 20_000, 100),
  );
  const { project, clone } = avianOnes;
  const noPush = await transfer('avian push, nothing to do', avian('push'), project);
  const noPull = await transfer('avian pull, nothing to do', avian('pull'), clone);
  const start = median(Array.from({ length: 5 }, () => measure(NODE_START, root).wallMs));

  makeFiles(join(project, 'data/new'), 100, 20_000, 1, count);
  measure(avian('add', 'data'), project);
  copyFileSync(join(project, 'pipeline.lock'), join(clone, 'pipeline.lock'));
  const morePush = await transfer('avian push, 100 more', avian('push'), project);
  const morePull = await transfer('avian pull, 100 more', avian('pull'), clone);

  const one = await bothWays('one', 'avian, one file', (folder) => {
    mkdirSync(join(folder, 'data'));
    makeLarge(join(folder, 'data/file'), count * 20_000);
  });
  judge('push, of the same bytes in one file', avianOnes.push.ms / one.push.ms, 1.3);
  judge('pull, of the same bytes in one file', avianOnes.pull.ms / one.pull.ms, 1.3);
  judge('requests of push', avianOnes.push.requests, 60);
  judge('requests of pull', avianOnes.pull.requests, 60);
  for (const [name, { ms, requests }] of Object.entries({ push: noPush, pull: noPull })) {
    judge(`requests of ${name}, nothing to do`, requests, 5);
    judge(
      `${name}, nothing to do, above node -e 0 and a round trip`,
      ms - start - latency,
      200,
      ' ms',
    );
  }
  judge('requests of push, 100 more', morePush.requests, 12);
  judge('requests of pull, 100 more', morePull.requests, 12);
  const fewer = Math.round(count * share);
  if (rclone === undefined && dvc === undefined) return;
  const beside =
    share === 1
      ? avianOnes
      : await bothWays('beside', `avian, ${fewer} files`, (folder) =>
          makeFiles(join(folder, 'data'), fewer, 20_000, 100),
        );
  const source = join(root, 'many-source');
  makeFiles(join(source, 'data'), fewer, 20_000, 100);
  if (rclone !== undefined) {
    const { push, pull } = await rcloneBothWays(rclone, 'many', source);
    judge('push, of rclone', beside.push.ms / push.ms, 1 / 5);
    judge('pull, of rclone', beside.pull.ms / pull.ms, 1 / 5);
  }
  if (dvc !== undefined) {
    const { push, pull } = await dvcBothWays(dvc, source);
    judge('push, of DVC', beside.push.ms / push.ms, 1 / 10);
    judge('pull, of DVC', beside.pull.ms / pull.ms, 1 / 10);
  }
}

async function large(): Promise<void> {
  const size = Math.round(1e9 * scale);
  console.log(`one file of ${(size / MB).toFixed(0)} MB`);
  const ours = await bothWays('large', 'avian', (project) => {
    mkdirSync(join(project, 'data'));
    makeLarge(join(project, 'data/file'), size);
  });
  if (rclone === undefined) return;
  const source = join(root, 'large-source');
  mkdirSync(join(source, 'data'), { recursive: true });
  makeLarge(join(source, 'data/file'), size);
  const { push, pull } = await rcloneBothWays(rclone, 'large', source);
  judge('push of a large file, of rclone', ours.push.ms / push.ms, 1);
  judge('pull of a large file, of rclone', ours.pull.ms / pull.ms, 1);
}

async function more(): Promise<void> {
  const count = Math.round(100_000 * scale);
  console.log(`${count} files of 2 KB, at most 256 open files`);
  const project = makeProject('more', (folder) =>
    makeFiles(join(folder, 'data'), count, 2000, 100),
  );
  const frugal = (...words: string[]): readonly string[] => [
    ...['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh'],
    ...avian(...words),
  ];
  const pushing = await peakMemory(frugal('push'), project);
  const clone = makeClone('more', project);
  const pulling = await peakMemory(frugal('pull'), clone);
  execFileSync('diff', ['-rq', join(project, 'data'), join(clone, 'data')]);
  judge('memory of push', pushing / MB, 512, ' MB');
  judge('memory of pull', pulling / MB, 512, ' MB');
  await transfer('avian push, nothing to do', avian('push'), project);
  await transfer('avian pull, nothing to do', avian('pull'), clone);
}

interface BothWays {
  readonly push: Transfer;
  readonly pull: Transfer;
}

async function bothWays(
  remote: string,
  who: string,
  fill: (project: string) => void,
): Promise<BothWays & { readonly project: string; readonly clone: string }> {
  const project = makeProject(remote, fill);
  const push = await transfer(`${who}: push`, avian('push'), project);
  const clone = makeClone(remote, project);
  const pull = await transfer(`${who}: pull`, avian('pull'), clone);
  execFileSync('diff', ['-rq', join(project, 'data'), join(clone, 'data')]);
  return { push, pull, project, clone };
}

async function rcloneBothWays(program: string, name: string, source: string): Promise<BothWays> {
  const flags = [
    ...['--gcs-anonymous', '--gcs-endpoint', `${endpoint}/storage/v1/`, '--gcs-no-check-bucket'],
    ...['--config', '/dev/null', '--transfers', '64', '--checkers', '64', '--fast-list'],
    ...['--ignore-times', '--no-traverse', '--multi-thread-streams', '8', '--buffer-size', '32M'],
  ];
  const there = `:gcs:birds/rclone-${name}`;
  const push = await transfer(
    'rclone copy, up',
    [program, 'copy', ...flags, 'data', there],
    source,
  );
  const pull = await transfer(
    'rclone copy, down',
    [program, 'copy', ...flags, there, 'back'],
    source,
  );
  execFileSync('diff', ['-rq', join(source, 'data'), join(source, 'back')]);
  return { push, pull };
}

async function dvcBothWays(program: string, source: string): Promise<BothWays> {
  const dvcWords = (...words: string[]): readonly string[] => [
    // Without it gcsfs asks for a kind of bucket that the emulator does not know, for a minute.
    ...['env', 'GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT=false', program],
    ...words,
  ];
  const configure = (folder: string): void => {
    measure(dvcWords('init', '--no-scm', '-q'), folder);
    measure(dvcWords('remote', 'add', '-q', '-d', 'lab', 'gs://birds/dvc'), folder);
    measure(dvcWords('remote', 'modify', 'lab', 'endpointurl', endpoint), folder);
    measure(dvcWords('remote', 'modify', 'lab', 'allow_anonymous_login', 'true'), folder);
  };
  configure(source);
  measure(dvcWords('add', '-q', 'data'), source);
  const push = await transfer('dvc push', dvcWords('push', '-q', '-j', '32'), source);
  const clone = join(root, 'dvc-clone');
  mkdirSync(clone);
  configure(clone);
  copyFileSync(join(source, 'data.dvc'), join(clone, 'data.dvc'));
  const pull = await transfer('dvc pull', dvcWords('pull', '-q', '-j', '32'), clone);
  execFileSync('diff', ['-rq', join(source, 'data'), join(clone, 'data')]);
  return { push, pull };
}

function avian(...words: string[]): readonly string[] {
  return [...AVIAN, ...words];
}

/** DVC with its way to this kind of bucket. */
function findDvc(): string | undefined {
  const install = 'pip install dvc==3.67.1 dvc-gs==3.1.0';
  const program = findPeer('dvc', install);
  if (program === undefined) return undefined;
  const told = execFileSync(program, ['version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (/\bgs \(/.test(told)) return program;
  console.log(`dvc-gs is not installed and takes no part (${install})`);
  return undefined;
}

function makeProject(remote: string, fill: (project: string) => void): string {
  const project = join(root, remote);
  mkdirSync(project);
  fill(project);
  writeFileSync(
    join(project, 'pipeline.yaml'),
    `stages: {}\nremotes:\n  lab: { url: "gs://birds/${remote}", endpoint: "${endpoint}" }\n`,
  );
  measure(avian('add', 'data'), project);
  return project;
}

function makeClone(remote: string, project: string): string {
  const clone = join(root, `${remote}-clone`);
  mkdirSync(clone);
  for (const name of ['pipeline.yaml', 'pipeline.lock']) {
    copyFileSync(join(project, name), join(clone, name));
  }
  return clone;
}

function ask(child: ChildProcess, question: 'endpoint' | 'requests'): Promise<unknown> {
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.send(question);
  });
}

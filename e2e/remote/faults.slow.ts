import t, { type Test } from 'tap';
import type { Fault, FaultProxy } from '../../src/testing/fault-proxy.ts';
import { randomFrom, seedOf, type Random } from '../../src/testing/random.ts';
import { createBed, needsEmulator, type Bed, type Clone, type Ended } from './bed.ts';
import { bytesInCache, faultsOfCache, halfway, pictureOf, sentAgain } from './state.ts';

/*
 * What a network and a bucket can do to `avian push` and `avian pull`, with the limits as they are shipped: 30 s
 * without a byte, five tries, 120 s without progress. The cases wait most of their time, so they
 * run beside each other.
 */

const seed = seedOf(process.env);
/** The limit, and what a busy machine takes beside it. */
const LONGEST_MS = 120_000 + 30_000;
/** Two, and what a busy machine takes beside it. */
const SILENCE_MS = 4000;

type OnRequest = FaultProxy['onRequest'];

const isData = ({ method, url }: { method: string; url: string }): boolean =>
  method !== 'DELETE' && /packs|blobs|uploadType/.test(url);

/** A share of the requests for data, or of all, goes wrong. */
const some =
  (random: Random, share: number, fault: () => Fault, of = isData): OnRequest =>
  (request) =>
    of(request) && random.chance(share) ? fault() : undefined;

/** What passes: the command ends well, with right bytes. */
const PASSING: {
  readonly [name: string]: (random: Random, verb: 'push' | 'pull') => OnRequest;
} = {
  'connections that stall for ever': (random, verb) => {
    let stalls = 0;
    const kind = verb === 'push' ? 'stall-upload' : 'stall';
    return (request) =>
      isData(request) &&
      (request.method !== 'GET') === (verb === 'push') &&
      random.chance(0.4) &&
      stalls++ < 4
        ? { kind, afterBytes: random.below(1_000_000) }
        : undefined;
  },
  'random resets': (random, verb) =>
    some(random, 0.3, () => ({
      kind: verb === 'push' ? 'reset-upload' : 'reset',
      afterBytes: random.below(2_000_000),
    })),
  'answers that get lost': (random) => some(random, 0.2, () => ({ kind: 'lose-answer' })),
  '503 for a fifth of all requests': (random) =>
    some(
      random,
      0.2,
      () => ({ kind: 'status', status: 503 }),
      () => true,
    ),
  'truncated bodies': (random, verb) =>
    some(
      random,
      0.3,
      () => ({ kind: 'truncate', afterBytes: random.below(verb === 'push' ? 200 : 500_000) }),
      () => true,
    ),
  'a flipped byte in one body of ten': (random, verb) =>
    some(random, verb === 'push' ? 0.1 : 0.3, () => ({
      kind: verb === 'push' ? 'flip-upload' : 'flip',
      at: random.below(100_000),
    })),
  'a slow line': () => () => ({ kind: 'slow', bytesPerSecond: 400_000 }),
};

/** What stays: status 4 in time, the object named; then, once it is over, the command completes. */
const LASTING: {
  readonly [name: string]: {
    readonly push: Fault;
    readonly pull: Fault;
    readonly code: RegExp;
    /** When no fault of the network: a flipped byte may be the bucket's own. */
    readonly exit?: number;
  };
} = {
  'a connection that stalls for ever': {
    push: { kind: 'stall-upload', afterBytes: 100_000 },
    pull: { kind: 'stall', afterBytes: 0 },
    code: /remote\/stalled/,
  },
  'resets without end': {
    push: { kind: 'reset-upload', afterBytes: 50_000 },
    pull: { kind: 'reset', afterBytes: 0 },
    code: /remote\/unavailable/,
  },
  '503 without end': {
    push: { kind: 'status', status: 503 },
    pull: { kind: 'status', status: 503 },
    code: /remote\/unavailable/,
  },
  'expired credentials': {
    push: { kind: 'status', status: 401 },
    pull: { kind: 'status', status: 401 },
    code: /remote\/denied[\s\S]*gcloud auth application-default login/,
  },
  'every body truncated': {
    push: { kind: 'lose-answer' },
    pull: { kind: 'truncate', afterBytes: 0 },
    code: /remote\/unavailable/,
  },
};

t.setTimeout(0);
t.test('faults', { ...needsEmulator, timeout: 0 }, async (t) => {
  t.comment(`SEED=${seed}`);
  const bed = await createBed(t);
  const ana = await bed.whole('full');
  t.match(await ana.avian('push'), { code: 0 });
  const right = pictureOf(ana);
  const cases = [
    ...Object.entries(PASSING).flatMap(([name, onRequest], index) => [
      () => passingPush(t, bed, name, onRequest(randomFrom(seed + index), 'push'), right),
      () => passingPull(t, bed, name, onRequest(randomFrom(seed + index), 'pull'), right),
    ]),
    ...Object.keys(LASTING).flatMap((name) => [
      () => lastingPush(t, bed, name, right),
      () => lastingPull(t, bed, name, right),
    ]),
    () => lastingFlip(t, bed, right),
    () => race(t, bed, right),
  ];
  // A few at a time: they wait for their connections, not for the processor.
  const only = process.env['ONLY'];
  const waiting = cases.filter((_, index) => only === undefined || String(index) === only);
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: 6 }, worker));
});

const slug = (text: string): string => text.replaceAll(/\W+/g, '-');

/** No stack trace, and never long without a word. */
function spokeWell(t: Test, what: string, ended: Ended): void {
  t.notMatch(ended.stderr, /^\s+at /m, `${what}: no stack trace`);
  t.ok(ended.longestSilenceMs < SILENCE_MS, `${what}: silent for ${ended.longestSilenceMs} ms`);
}

async function passingPush(
  t: Test,
  bed: Bed,
  name: string,
  onRequest: OnRequest,
  right: readonly string[],
): Promise<void> {
  const remote = `push-${slug(name)}`;
  const ana = await bed.whole(remote);
  ana.proxy.onRequest = onRequest;
  const pushed = await ana.avian('push');
  t.equal(pushed.code, 0, `push, ${name}: ${Math.round(pushed.ms)} ms ${lastLines(pushed)}`);
  spokeWell(t, `push, ${name}`, pushed);
  await pullsWhole(t, `push, ${name}`, await bed.bare(`${remote}-ben`, remote), right);
}

async function passingPull(
  t: Test,
  bed: Bed,
  name: string,
  onRequest: OnRequest,
  right: readonly string[],
): Promise<void> {
  const ben = await bed.bare(`pull-${slug(name)}`, 'full');
  ben.proxy.onRequest = onRequest;
  await pullsWhole(t, `pull, ${name}`, ben, right);
}

async function pullsWhole(
  t: Test,
  what: string,
  ben: Clone,
  right: readonly string[],
): Promise<void> {
  const pulled = await ben.avian('pull');
  t.equal(pulled.code, 0, `${what}: pulled in ${Math.round(pulled.ms)} ms ${lastLines(pulled)}`);
  spokeWell(t, what, pulled);
  t.same(pictureOf(ben), right, `${what}: right bytes`);
  t.same(faultsOfCache(ben), [], `${what}: right cache`);
}

const lastLines = ({ code, stderr }: Ended): string =>
  code === 0 ? '' : stderr.split('\n').slice(-4).join(' | ');

/** The one large blob and nothing else. */
const large =
  (fault: Fault): OnRequest =>
  ({ url, method }) =>
    method !== 'DELETE' && /blobs/.test(url) && largeOnly(url, method) ? fault : undefined;

// Uploads in one request have no name in their address: only the session of the large one has.
const largeOnly = (url: string, method: string): boolean =>
  method === 'PUT' || (method === 'GET' && /alt=media/.test(url));

async function lastingPush(
  t: Test,
  bed: Bed,
  name: string,
  right: readonly string[],
): Promise<void> {
  const { push, code } = LASTING[name] as (typeof LASTING)[string];
  const remote = `lasting-${slug(name)}`;
  const ana = await bed.whole(remote);
  ana.proxy.onRequest = large(push);
  const first = await ana.avian('push');
  gaveUp(t, `push, ${name}`, first, code);
  const left = await halfway(bed, remote, ana.proxy);
  t.notOk(
    left.stored.some(({ name: each }) => /\/(index|roots)\//.test(each)),
    `push, ${name}: nothing is promised`,
  );
  ana.proxy.onRequest = () => undefined;
  ana.proxy.passed.length = 0;
  const second = await ana.avian('push');
  t.equal(second.code, 0, `push, ${name}: the second completes ${lastLines(second)}`);
  const again = sentAgain(left, await bed.stored(remote), ana.proxy.passed);
  t.same(again, [], `push, ${name}: nothing is sent twice`);
  await pullsWhole(t, `push, ${name}`, await bed.bare(`${remote}-ben`, remote), right);
}

async function lastingPull(
  t: Test,
  bed: Bed,
  name: string,
  right: readonly string[],
): Promise<void> {
  const { pull, code } = LASTING[name] as (typeof LASTING)[string];
  const ben = await bed.bare(`lasting-pull-${slug(name)}`, 'full');
  ben.proxy.onRequest = large(pull);
  const first = await ben.avian('pull');
  gaveUp(t, `pull, ${name}`, first, code);
  t.same(pictureOf(ben), [], `pull, ${name}: nothing half is in the workspace`);
  await secondPull(t, `pull, ${name}`, ben, right);
}

async function secondPull(
  t: Test,
  what: string,
  ben: Clone,
  right: readonly string[],
): Promise<void> {
  const before = bytesInCache(ben);
  ben.proxy.onRequest = () => undefined;
  ben.proxy.passed.length = 0;
  await pullsWhole(t, `${what}, again`, ben, right);
  const received = ben.proxy.passed.reduce((sum, each) => sum + each.received, 0);
  const missing = bytesInCache(ben) - before;
  t.ok(
    received < missing + 2 ** 20,
    `${what}: ${received} bytes for the ${missing} that were missing`,
  );
}

function gaveUp(t: Test, what: string, ended: Ended, code: RegExp, exit = 4): void {
  t.equal(ended.code, exit, `${what}: ${lastLines(ended)}`);
  t.match(ended.stderr, code, what);
  t.match(
    ended.stderr,
    /gs:\/\/birds\/\S*(packs|blobs|index|roots|gc)\/|avian-remote/,
    `${what}: it is named`,
  );
  t.ok(ended.ms < LONGEST_MS, `${what}: gave up after ${Math.round(ended.ms)} ms`);
  spokeWell(t, what, ended);
}

/** A byte that is wrong each time: the bucket itself may have it so, which is corruption and no fault of the network. */
async function lastingFlip(t: Test, bed: Bed, right: readonly string[]): Promise<void> {
  const ben = await bed.bare('flip-for-good', 'full');
  ben.proxy.onRequest = large({ kind: 'flip', at: 1000 });
  const first = await ben.avian('pull');
  gaveUp(t, 'pull, a byte flipped each time', first, /remote\/wrong-bytes/, 5);
  t.same(pictureOf(ben), []);
  ben.proxy.onRequest = () => undefined;
  // What had come of the large one has the wrong byte in it, which only its whole can tell: it is read anew.
  await pullsWhole(t, 'pull, a byte flipped each time, again', ben, right);

  const ana = await bed.whole('flip-push');
  ana.proxy.onRequest = ({ method }) =>
    method === 'PUT' ? { kind: 'flip-upload', at: 1000 } : undefined;
  gaveUp(t, 'push, a byte flipped each time', await ana.avian('push'), /remote\/corrupt/);
  ana.proxy.onRequest = () => undefined;
  t.match(await ana.avian('push'), { code: 0 });
  await pullsWhole(t, 'push, a byte flipped', await bed.bare('flip-push-ben', 'flip-push'), right);
}

/** Two that push the same at once: each name is given once, both end well. */
async function race(t: Test, bed: Bed, right: readonly string[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const remote = `race-${round}`;
    const ana = await bed.whole(remote);
    const eve = await bed.whole(`${remote}-eve`);
    bed.join(eve, remote);
    const other = await bed.bare(`${remote}-ben`, remote);
    eve.proxy.latency = 20;
    const both = await Promise.all([ana.avian('push'), eve.avian('push')]);
    t.same(
      both.map(({ code }) => code),
      [0, 0],
      both.map(lastLines).join(' '),
    );
    const stored = await bed.stored(remote);
    const blobs = stored.filter(({ name }) => name.includes('/blobs/'));
    t.equal(blobs.length, 4, 'a large object is there once');
    await pullsWhole(t, `race ${round}`, other, right);
  }
}

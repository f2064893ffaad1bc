import t from 'tap';
import { ProblemError } from '../model/problem-error.ts';
import { FakeWorld } from '../testing/fakes.ts';
import type { CommandContext } from './context.ts';
import { withDeadline } from './deadline.ts';

function setUp(signal = new AbortController().signal) {
  const world = new FakeWorld({});
  const context = { ports: world.ports(), signal } as unknown as CommandContext;
  return { world, context };
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

void t.test(
  'the time is over: the signal aborts, with a problem for whoever only waits',
  async (t) => {
    const { world, context } = setUp();
    const reason = withDeadline(5000, context, async ({ signal }, isOver) => {
      t.equal(isOver(), false);
      world.clock.tick(4999);
      t.equal(signal.aborted, false);
      const ended = aborted(signal);
      world.clock.tick(1);
      const why = await ended;
      t.equal(isOver(), true);
      return why;
    });
    t.match(await reason, ProblemError);
    t.match(await reason, {
      problem: { kind: 'stage', diagnostics: [{ code: 'repro/timed-out' }] },
    });
  },
);

void t.test('an interrupt is no deadline, and work that ends leaves no timer', async (t) => {
  const controller = new AbortController();
  const { world, context } = setUp(controller.signal);
  await withDeadline(5000, context, async ({ signal }, isOver) => {
    const ended = aborted(signal);
    controller.abort(new Error('interrupted'));
    t.match(await ended, { message: 'interrupted' });
    t.equal(isOver(), false);
  });
  t.same(world.clock.sleeps, [5000]);
  await t.rejects(
    withDeadline(5000, context, () => Promise.reject(new Error('work'))),
    { message: 'work' },
  );
  await withDeadline(40 * 86_400_000, setUp().context, async () => undefined);
});

void t.test('no time given: the context as it is', async (t) => {
  const { world, context } = setUp();
  t.equal(await withDeadline(undefined, context, async (given) => given), context);
  t.same(world.clock.sleeps, []);
});

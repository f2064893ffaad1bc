import { EventEmitter } from 'node:events';
import t from 'tap';
import { Interrupted, listenForInterrupts } from './interrupts.ts';

function listening() {
  const process = new EventEmitter();
  const exits: unknown[] = [];
  const exit = ((status: unknown) => exits.push(status)) as unknown as NodeJS.Process['exit'];
  const listener = { on: process.on.bind(process), exit } as unknown as NodeJS.Process;
  const interrupts = listenForInterrupts(listener);
  const send = (name: string): void => void process.emit(name, name);
  return { interrupts, exits, send };
}

t.test('each signal cancels with its own exit status', (t) => {
  for (const [name, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const { interrupts, exits, send } = listening();
    t.equal(interrupts.status(), undefined);
    send(name);
    t.equal(interrupts.status(), status);
    const reason: unknown = interrupts.signal.reason;
    t.ok(reason instanceof Interrupted && reason.by === name);
    t.notOk(interrupts.hurry.aborted);
    t.same(exits, [], 'in order, not at once');
  }
  t.end();
});

t.test('a second Ctrl-C is in a hurry, a third ends at once', (t) => {
  const { interrupts, exits, send } = listening();
  send('SIGINT');
  send('SIGINT');
  t.ok(interrupts.hurry.aborted);
  t.same(exits, []);
  send('SIGINT');
  t.same(exits, [130]);
  t.end();
});

t.test('a second SIGTERM or SIGHUP changes nothing, Ctrl-C after them is in a hurry', (t) => {
  const { interrupts, exits, send } = listening();
  send('SIGTERM');
  send('SIGTERM');
  send('SIGHUP');
  t.notOk(interrupts.hurry.aborted);
  send('SIGINT');
  t.ok(interrupts.hurry.aborted);
  t.equal(interrupts.status(), 143);
  t.same(exits, []);
  t.end();
});

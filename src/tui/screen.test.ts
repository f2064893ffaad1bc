import { PassThrough } from 'node:stream';
import t from 'tap';
import { createStyle } from '../report/style.ts';
import { openScreen } from './screen.ts';
import { createStore, type Store } from './store.ts';
import type { Effect } from './state.ts';
import { output as printed, plan, started } from '../testing/events.ts';
import { screenOf } from './testing.ts';

/** Streams that say they are a terminal, and what was written to it. */
function terminal(columns = 60, rows = 14) {
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    raw: false,
    setRawMode(raw: boolean) {
      input.raw = raw;
      return input;
    },
    ref: () => input,
    unref: () => input,
  });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns, rows });
  let text = '';
  output.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return {
    input,
    text: () => text,
    streams: {
      input: input as unknown as NodeJS.ReadStream,
      output: output as unknown as NodeJS.WriteStream,
    },
  };
}

function storeOf(onEffect: (effect: Effect) => void = () => undefined): Store {
  return createStore(screenOf(60, 14), {
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      after: (ms, act) => {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
    },
    onEffect,
    onError: (error) => t.error(error),
  });
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

t.test('draws the state, hears keys, and gives the terminal back as it was', async (t) => {
  const { input, text, streams } = terminal();
  const effects: Effect[] = [];
  const store = storeOf((effect) => effects.push(effect));
  const style = createStyle({ colour: false, ascii: false });
  const screen = openScreen({ ...streams, store, style, ascii: false, onCrash: (e) => t.error(e) });
  store.event(plan('fetch', 'train'));
  store.event(started('train'));
  store.event(printed('train', 'hello from train\n'));
  await until(() => text().includes('hello from train'));
  t.equal(input.raw, true);
  input.write('q');
  await until(() => effects.some(({ kind }) => kind === 'quit'));
  input.write('\x03');
  await until(() => effects.some(({ kind }) => kind === 'interrupt'));
  screen.close();
  screen.close();
  store.close();
  t.equal(input.raw, false);
  const written = text();
  t.notMatch(written, '\x1b[3J', 'the scrollback is left alone');
  for (const [on, off] of [
    ['\x1b[?1049h', '\x1b[?1049l'],
    ['\x1b[?25l', '\x1b[?25h'],
    ['\x1b[?7l', '\x1b[?7h'],
  ] as const) {
    t.ok(written.lastIndexOf(off) > written.lastIndexOf(on), `${off.slice(1)} comes last`);
  }
});

t.test('a fault while drawing gives the terminal back and is handed on, once', async (t) => {
  const { input, text, streams } = terminal();
  const store = storeOf();
  const plain = createStyle({ colour: false, ascii: false });
  let broken = false;
  const style = {
    ...plain,
    strong: (part: string) => {
      if (broken) throw new Error('no ink left');
      return part;
    },
  };
  const crashes: unknown[] = [];
  openScreen({ ...streams, store, style, ascii: false, onCrash: (error) => crashes.push(error) });
  await until(() => text().includes('avian'));
  broken = true;
  store.event(plan('fetch'));
  await until(() => crashes.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  store.close();
  t.match(crashes, [{ message: 'no ink left' }]);
  t.equal(crashes.length, 1);
  t.equal(input.raw, false);
  t.ok(text().lastIndexOf('\x1b[?1049l') > text().lastIndexOf('\x1b[?1049h'));
  t.notMatch(text(), 'no ink left', 'nobody but the caller tells of it');
});

import t from 'tap';
import type { TerminalStreams } from '../io.ts';
import { chooseTui } from './choose.ts';

const choose = (env: NodeJS.ProcessEnv, { stdin = true, stderr = true } = {}) =>
  chooseTui({
    env,
    openTerminal: () =>
      ({ input: { isTTY: stdin }, output: { isTTY: stderr } }) as unknown as TerminalStreams,
  });

t.test('a screen where there is a terminal, and a reason where there is none', async (t) => {
  t.same(choose({}), { kind: 'screen' });
  t.same(choose({ AVIAN_TUI: '1', CI: 'false', TERM: 'xterm' }), { kind: 'screen' });
  t.same(choose({ NO_COLOR: '1' }), { kind: 'screen' });
  t.same(choose({ AVIAN_TUI: '0' }), { kind: 'plain', why: 'AVIAN_TUI=0' });
  t.same(choose({ CI: 'true' }), { kind: 'plain', why: 'CI is set' });
  t.same(choose({ TERM: 'dumb' }), { kind: 'plain', why: 'TERM=dumb' });
  t.same(choose({}, { stderr: false }), { kind: 'plain', why: 'stderr is no terminal' });
  t.same(choose({}, { stdin: false }), { kind: 'plain', why: 'stdin is no terminal' });
  t.same(choose({ INK_SCREEN_READER: 'true' }), { kind: 'announced' });
  t.same(choose({ INK_SCREEN_READER: 'true', AVIAN_TUI: '0' }), {
    kind: 'plain',
    why: 'AVIAN_TUI=0',
  });
});

t.test('no stream is touched where the environment decides', async (t) => {
  let touched = 0;
  const openTerminal = (): TerminalStreams => {
    touched += 1;
    throw new Error('touched');
  };
  for (const env of [{ CI: '1' }, { AVIAN_TUI: '0' }, { TERM: 'dumb' }]) {
    chooseTui({ env, openTerminal });
  }
  t.equal(touched, 0);
});

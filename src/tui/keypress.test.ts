import type { Key } from 'ink';
import t from 'tap';
import { keysOf } from './keypress.ts';

const pressed = (input: string, ...held: readonly (keyof Key)[]) =>
  keysOf(input, Object.fromEntries(held.map((name) => [name, true])) as unknown as Key);

t.test('keys by their names, and characters as they are', async (t) => {
  t.same(pressed('j'), ['j']);
  t.same(pressed('G', 'shift'), ['G']);
  t.same(pressed('', 'upArrow'), ['up']);
  t.same(pressed('', 'delete'), ['backspace']);
  t.same(pressed('c', 'ctrl'), ['ctrl-c']);
  t.same(pressed('\r', 'return'), ['enter']);
});

t.test('several in one piece, as when someone types fast or pastes', async (t) => {
  t.same(pressed('jjG'), ['j', 'j', 'G']);
  t.same(pressed('鳥é'), ['鳥', 'é']);
  t.same(pressed('ab\ncd\t\x1b\x00'), ['a', 'b', 'enter', 'c', 'd', 'tab']);
  t.same(pressed('a\x03'), ['a', 'ctrl-c'], 'a person who wants out is heard');
  t.same(pressed('x', 'meta'), [], 'Alt is no key of ours');
});

import t from 'tap';
import { startTalk } from './steady-talk.ts';

t.test('what is said once is repeated while nothing new comes', (t) => {
  const said: string[] = [];
  let tick = (): void => undefined;
  let isStopped = false;
  const talk = startTalk({ stderr: (text) => void said.push(text) }, (each) => {
    tick = each;
    return () => void (isStopped = true);
  });
  const pass = (ticks: number): void => {
    for (let passed = 0; passed < ticks; passed += 1) tick();
  };
  pass(10);
  t.same(said, [], 'nothing to repeat');
  talk.say('packing');
  pass(3);
  t.same(said, ['packing\n']);
  pass(6);
  t.same(said, ['packing\n', 'packing: 2 s\n', 'packing: 4 s\n']);
  talk.say('listing');
  pass(3);
  t.equal(said.at(-1), 'listing\n', 'a new word begins anew');
  talk.stop();
  t.ok(isStopped);
  t.end();
});

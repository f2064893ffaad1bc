import { readFileSync } from 'node:fs';
import t from 'tap';
import { problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Io } from './io.ts';
import { tellUnexpected } from './tell-unexpected.ts';

function told(error: unknown): { readonly status: number; readonly text: string } {
  let text = '';
  const io = {
    stderr: (more: string) => void (text += more),
    colour: false,
    ascii: true,
    cwd: '/',
  };
  return { status: tellUnexpected(error, io as Partial<Io> as Io), text };
}

const errorOf = (code: string, more: object = { syscall: 'write' }): Error =>
  Object.assign(new Error(`${code}: it says`), { code, ...more });

t.test('what the world did is a line with a code and what to do, never a stack', (t) => {
  for (const [code, expected] of [
    ['ENOSPC', 'system/no-space'],
    ['EACCES', 'system/no-access'],
    ['EMFILE', 'system/too-many-files'],
    ['EIO', 'system/io'],
    ['EEXIST', 'system/refused'],
  ] as const) {
    const { status, text } = told(errorOf(code));
    t.equal(status, 1);
    t.match(text, `error[${expected}]: ${code}: it says`);
    t.match(text, 'hint: ');
    t.notMatch(text, /^\s+at /m);
  }
  t.match(told(errorOf('SQLITE_FULL', {})).text, 'system/no-space');
  t.match(told(errorOf('SQLITE_IOERR_WRITE', {})).text, 'system/io');
  t.match(told(errorOf('', { syscall: 'rm' })).text, 'system/io');
  const real: unknown = (() => {
    try {
      return readFileSync('/nowhere/at/all');
    } catch (error) {
      return error;
    }
  })();
  t.match(told(real).text, /system\/refused.*ENOENT.*\/nowhere\/at\/all/);
  t.end();
});

t.test('a problem keeps its own code and status', (t) => {
  const { status, text } = told(new ProblemError(problem('corruption', 'a/b', 'damaged')));
  t.equal(status, 5);
  t.match(text, 'error[a/b]: damaged');
  t.end();
});

t.test('a bug is told as one', (t) => {
  for (const error of [new TypeError('x is undefined'), errorOf('EBADF'), errorOf('ENOSPC', {})]) {
    const { status, text } = told(error);
    t.equal(status, 70);
    t.match(text, /error\[avian\/bug\][^]*^\s+at /m);
  }
  t.equal(told('no error at all').status, 70);
  t.end();
});

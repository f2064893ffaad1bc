import { fstatSync, statSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Writes all of a text or of some bytes to a file descriptor before it returns, as `process.stdout` does for
 * files, pipes and terminals on Linux; false once its reader is gone. Not `process.stdout` itself: it loads streams and, for a terminal, sockets,
 * 5 ms that a no-op can do without.
 */
export function createWriter(descriptor: number): (what: string | Uint8Array) => boolean {
  let gone = false;
  return (what) => {
    let rest: Uint8Array = typeof what === 'string' ? Buffer.from(what) : what;
    while (rest.length > 0 && !gone) {
      try {
        rest = rest.subarray(writeSync(descriptor, rest));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // A reader that goes away (`avian dag | head`, a closed terminal) ends the output, not avian.
        if (code === 'EPIPE' || (code === 'EIO' && isDevice(descriptor))) gone = true;
        // A pipe that another process made non-blocking, and that is full: its reader needs a moment.
        else if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
        else throw error;
      }
    }
    return !gone;
  };
}

const isDevice = (descriptor: number): boolean => fstatSync(descriptor).isCharacterDevice();

/**
 * Asks the terminal layer, which loads sockets for 5 to 10 ms, only where a character device that
 * is not /dev/null makes it likely.
 */
export function isTerminal(descriptor: number): boolean {
  try {
    const file = fstatSync(descriptor);
    return (
      file.isCharacterDevice() && file.rdev !== statSync('/dev/null').rdev && isatty(descriptor)
    );
  } catch {
    return false;
  }
}

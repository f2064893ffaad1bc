import t from 'tap';
import {
  EMPTY_LOG,
  LINE_UNITS,
  LOG_LINES,
  LOG_UNITS,
  appendChunk,
  endLog,
  shortenLog,
  unfinished,
} from './log.ts';

t.test('lines end where they end, whatever the chunks; streams are kept apart', async (t) => {
  let log = appendChunk(EMPTY_LOG, 'stdout', 'one\ntw');
  log = appendChunk(log, 'stderr', 'warn');
  log = appendChunk(log, 'stdout', 'o\n50%\r100%');
  t.same(log.lines, ['one', 'two']);
  t.equal(unfinished(log), '100%', 'of a redrawn line the last state');
  t.same(endLog(log).lines, ['one', 'two', '100%', 'warn']);
  t.equal(unfinished(endLog(log)), '');
  t.same(EMPTY_LOG.lines, [], 'values are not changed');
});

t.test('control sequences of a stranger do not reach the screen; tabs have a width', async (t) => {
  const log = appendChunk(EMPTY_LOG, 'stdout', '\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\tend\n');
  t.same(log.lines, ['red    end']);
});

t.test('memory is bounded by lines and by their length, and what went is counted', async (t) => {
  let log = EMPTY_LOG;
  for (let batch = 0; batch < 10; batch += 1) {
    log = appendChunk(log, 'stdout', 'x'.repeat(20).concat('\n').repeat(10_000));
  }
  t.equal(log.lines.length, LOG_LINES);
  t.equal(log.dropped + log.lines.length, 100_000);
  t.equal(log.size, LOG_LINES * 20);

  log = appendChunk(EMPTY_LOG, 'stdout', `${'y'.repeat(LINE_UNITS - 1)}\n`.repeat(1000));
  t.ok(log.size <= LOG_UNITS);
  t.equal(
    log.size,
    log.lines.reduce((sum, { length }) => sum + length, 0),
  );
  t.equal(log.dropped + log.lines.length, 1000);

  log = appendChunk(EMPTY_LOG, 'stdout', `${'z'.repeat(60_000)}\n`);
  t.equal(log.lines[0]?.length, LINE_UNITS + 1, 'a longer line is cut and says so');
  t.ok(log.lines[0]?.endsWith('…'));
});

t.test('a log can be shortened to its end', async (t) => {
  const log = appendChunk(EMPTY_LOG, 'stdout', '1\n2\n3\n');
  t.match(shortenLog(log, 2), { lines: ['2', '3'], dropped: 1, size: 2 });
  t.equal(shortenLog(log, 3), log);
});

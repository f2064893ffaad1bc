import * as fs from 'node:fs';
import t from 'tap';
import type { Digest } from '../../model/names.ts';
import { bytesIn, gapsIn, type Span } from '../../model/spans.ts';
import type { Incoming } from '../../ports/transfer-objects.ts';
import { randomFrom, seedOf, type Random } from '../../testing/random.ts';
import { hashBytes } from '../hash/blake3.ts';
import { hexOf, objectPath } from './layout.ts';
import { openBed, path, type DiskBed } from './testing.ts';

const BYTES = Buffer.alloc(12_000_000);
for (let at = 0; at < BYTES.length; at += 4) BYTES.writeUInt32LE(at, at);
const size = BYTES.length;
const digest = `b3:${hashBytes(BYTES).toString('hex')}` as Digest;
const seed = seedOf(process.env);
const STEP = 65_536;
const MIB = 1024 * 1024;

const begin = (bed: DiskBed): Incoming => bed.workspace.objects.receive({ digest, size }, true);
const partOf = ({ cache }: DiskBed): string => `${cache}/tmp/incoming/${hexOf(digest)}`;

/** Pieces of what is lacking as four requests bring them: each in order, the four in any. */
function* inLanes(there: readonly Span[], random: Random): Generator<Span> {
  const lanes = gapsIn(there, size).flatMap(({ from, to }) => {
    const share = Math.ceil((to - from) / 4);
    return [0, 1, 2, 3].map((lane) => ({
      at: from + lane * share,
      end: Math.min(to, from + (lane + 1) * share),
    }));
  });
  for (;;) {
    const open = lanes.filter(({ at, end }) => at < end);
    const lane = open[random.below(open.length)];
    if (lane === undefined) return;
    const from = lane.at;
    lane.at = Math.min(lane.end, from + STEP);
    yield { from, to: lane.at };
  }
}

/** Writes what is lacking, or the first `most` pieces of it; the bytes that were written. */
function write(incoming: Incoming, random: Random, most = Infinity): number {
  let written = 0;
  let pieces = 0;
  for (const { from, to } of inLanes(incoming.there, random)) {
    if ((pieces += 1) > most) break;
    incoming.write(BYTES.subarray(from, to), from);
    written += to - from;
  }
  return written;
}

/** Ends it as whole: object, workspace and folder are as they should be. */
async function endsWell(bed: DiskBed, incoming: Incoming): Promise<boolean> {
  if (!incoming.finish()) return false;
  const object = fs.readFileSync(objectPath(`${bed.cache}/objects`, hexOf(digest)));
  const restored = await bed.workspace.restore(path('bird'), { digest, size });
  return (
    restored.ok &&
    object.equals(BYTES) &&
    fs.readFileSync(`${bed.root}/bird`).equals(BYTES) &&
    fs.readdirSync(`${bed.cache}/tmp/incoming`).length === 0
  );
}

t.test('all but the last MiB of what came is there after a kill, wherever it lies', async (t) => {
  t.comment(`seed ${seed}`);
  for (let round = 0; round < 8; round++) {
    const random = randomFrom(seed + round);
    const bed = openBed(t);
    let received = 0;
    for (let kill = 0; kill < 5; kill++) {
      const incoming = begin(bed);
      const before = bytesIn(incoming.there);
      const written = write(incoming, random, random.below(60));
      received += written;
      // Killed here: nothing is told to end.
      const kept = bytesIn(begin(bed).there);
      t.ok(kept <= before + written, `${kept} of ${before} and ${written}`);
      t.ok(kept > before + written - MIB, `${kept} of ${before} and ${written}`);
    }
    const last = begin(bed);
    received += write(last, random);
    t.ok(received <= size + 5 * MIB, `${received} bytes of ${size}`);
    t.ok(await endsWell(bed, last));
  }
});

t.test('one that is ended in words loses nothing', async (t) => {
  const bed = openBed(t);
  const random = randomFrom(seed);
  const first = begin(bed);
  const written = write(first, random, 77);
  first.suspend();
  const second = begin(bed);
  t.equal(bytesIn(second.there), written);
  t.equal(written + write(second, random), size);
  t.ok(await endsWell(bed, second));
});

t.test(
  'a note that lies, is cut or is lost costs a second reading, never wrong bytes',
  async (t) => {
    const lies: { readonly [how: string]: (part: string) => void } = {
      'says that all is there': (part) => fs.appendFileSync(`${part}.there`, `[[0,${size}]]\n`),
      'says more than the file has': (part) => fs.truncateSync(part, 100),
      'is no JSON': (part) => fs.appendFileSync(`${part}.there`, '[[0,\n'),
      'has no pairs': (part) => fs.appendFileSync(`${part}.there`, '[[1,2,3,4]]\n'),
      'goes back': (part) => fs.appendFileSync(`${part}.there`, '[[5,9],[0,3]]\n'),
      'was cut': (part) => fs.appendFileSync(`${part}.there`, `[[0,${size}]]`),
      'is gone': (part) => fs.rmSync(`${part}.there`),
      'is there without its file': (part) => fs.rmSync(part),
      'has bytes that are gone': (part) => fs.writeFileSync(part, Buffer.alloc(size)),
    };
    for (const [how, lie] of Object.entries(lies)) {
      const bed = openBed(t);
      const random = randomFrom(seed);
      const first = begin(bed);
      write(first, random, 90);
      first.suspend();
      lie(partOf(bed));
      let incoming = begin(bed);
      write(incoming, random);
      const isRight = await endsWell(bed, incoming);
      if (!isRight) {
        incoming = begin(bed);
        t.same(incoming.there, [], `${how}: begun anew`);
        write(incoming, random);
        t.ok(await endsWell(bed, incoming), how);
      }
    }
  },
);

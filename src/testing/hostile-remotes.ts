import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashText } from '../adapters/hash/blake3.ts';
import type { RunId } from '../model/names.ts';
import type { Holder } from '../model/remote.ts';
import { digestOf, MARKER, MARKER_TEXT, packName, segmentName } from '../transfer/layout.ts';
import { planPack } from '../transfer/pack.ts';
import { encodeSegment } from '../transfer/segment.ts';
import { FakeBucket } from './fake-bucket.ts';

/** A remote that holds these texts in one pack, with whatever the index says of it. */
export function plant(
  texts: readonly (string | Uint8Array)[],
  lie: (holder: Holder) => Holder = (holder) => holder,
  runs: readonly string[] = [],
): FakeBucket {
  const bucket = new FakeBucket();
  const bytes = texts.map((text) => Buffer.from(text));
  const objects = bytes.map((each) => ({
    digest: digestOf(hashText(each.toString())),
    size: each.length,
  }));
  const pack = planPack(packName('0'.repeat(32)), objects);
  const content = Buffer.alloc(pack.size);
  pack.objects.forEach(({ offset }, index) => bytes[index]?.copy(content, offset));
  bucket.objects.set(MARKER, Buffer.from(MARKER_TEXT));
  bucket.objects.set(pack.name, content);
  plantSegment(
    bucket,
    encodeSegment({ supersedes: [], holders: [lie(pack)], runs: runs as RunId[] }, '00'),
  );
  return bucket;
}

/** A segment under the name that its digest gives it. */
export function plantSegment(bucket: FakeBucket, text: string): void {
  bucket.objects.set(segmentName(hashText(text)), Buffer.from(text));
}

/** A node of a tree with rows as they are, safe or not. */
export const treeOf = (rows: readonly (readonly unknown[])[]): string =>
  `{"tree":1,"entries":[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]}\n`;

/** Writes a planted remote as the directory that a `file:` remote is. */
export function plantDirectory({ objects }: FakeBucket, directory: string): void {
  for (const [name, bytes] of objects) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

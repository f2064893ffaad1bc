import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';
import t from 'tap';
import type { Descriptor, OciDigest, StoredImage } from '../../ports/image-store.ts';
import { unpackImage } from './unpack.ts';

const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const file = (name: string, body = name, mode = 0o644): TarEntry => ({
  header: { name, type: 'file', size: Buffer.byteLength(body), mode, mtime: new Date(0) },
  body,
});
const directory = (name: string): TarEntry => ({
  header: { name: `${name}/`, type: 'directory', size: 0, mode: 0o755 },
});
const link = (name: string, linkname: string, type: 'symlink' | 'link' = 'symlink'): TarEntry => ({
  header: { name, type, size: 0, linkname },
});

/** A layout of just these layers, each tarred by the library or given as bytes. */
async function imageOf(
  at: string,
  layers: readonly (readonly TarEntry[] | Uint8Array)[],
  mediaType = GZIP,
): Promise<StoredImage> {
  mkdirSync(join(at, 'blobs/sha256'), { recursive: true });
  const descriptors: Descriptor[] = [];
  for (const layer of layers) {
    const tar = layer instanceof Uint8Array ? layer : await packTar(layer);
    const blob = mediaType.endsWith('gzip')
      ? gzipSync(tar)
      : mediaType.endsWith('zstd')
        ? zstdCompressSync(tar)
        : Buffer.from(tar);
    const digest: OciDigest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
    writeFileSync(join(at, 'blobs/sha256', digest.slice(7)), blob);
    descriptors.push({ mediaType, digest, size: blob.length });
  }
  const none: OciDigest = `sha256:${'0'.repeat(64)}`;
  return {
    directory: at,
    digest: none,
    manifest: {
      schemaVersion: 2,
      mediaType: 'x',
      config: { mediaType: 'x', digest: none, size: 0 },
      layers: descriptors,
    },
    config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
  };
}

const tree = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();

t.test('later layers add, replace and remove', async (t) => {
  const at = t.testdir();
  const image = await imageOf(at, [
    [
      file('app/server.js', 'one', 0o755),
      file('app/old/a'),
      file('app/old/b'),
      file('etc/gone'),
      directory('opt/data'),
      file('opt/data/lower'),
      link('app/latest', 'server.js'),
      link('app/hard', 'app/server.js', 'link'),
    ],
    [
      file('app/server.js', 'two'),
      file('etc/.wh.gone', ''),
      file('app/.wh.old', ''),
      file('opt/data/upper'),
      file('opt/data/.wh..wh..opq', ''),
    ],
  ]);
  const root = join(at, 'root');
  t.same(await unpackImage(image, root), { ok: true, value: { files: 7, bytes: 60 } });
  t.same(tree(root), [
    'app',
    'app/hard',
    'app/latest',
    'app/server.js',
    'etc',
    'opt',
    'opt/data',
    'opt/data/upper',
  ]);
  t.equal(readFileSync(join(root, 'app/server.js'), 'utf8'), 'two');
  t.equal(readFileSync(join(root, 'app/hard'), 'utf8'), 'one', 'a replaced name breaks the link');
  t.equal(statSync(join(root, 'app/hard')).mode & 0o777, 0o755);
});

t.test('uncompressed and zstd layers, and archives of GNU tar with long names', async (t) => {
  const at = t.testdir({ in: { ['n'.repeat(90)]: { ['m'.repeat(90)]: 'deep' } } });
  for (const format of ['gnu', 'posix', 'ustar']) {
    const tar = execFileSync('tar', [`--format=${format}`, '-C', join(at, 'in'), '-c', '.']);
    const root = join(at, `root-${format}`);
    const image = await imageOf(at, [tar], 'application/vnd.oci.image.layer.v1.tar');
    t.match(await unpackImage(image, root), { ok: true });
    t.equal(readFileSync(join(root, 'n'.repeat(90), 'm'.repeat(90)), 'utf8'), 'deep');
  }
  const zstd = await imageOf(at, [[file('a')]], 'application/vnd.oci.image.layer.v1.tar+zstd');
  t.match(await unpackImage(zstd, join(at, 'zstd')), { ok: true });
  const other = await imageOf(at, [[file('a')]], 'application/x-brotli');
  t.match(await unpackImage(other, join(at, 'brotli')), {
    error: { diagnostics: [{ code: 'image/corrupt' }] },
  });
});

t.test('links mean what they mean in a container', async (t) => {
  const at = t.testdir();
  const image = await imageOf(at, [
    [
      directory('usr/lib'),
      link('lib', 'usr/lib'),
      file('lib/x.so'),
      link('lib/abs', '/usr/lib/x.so'),
      link('up', '../../../../usr'),
      link('usr/lib/self', '../../lib'),
    ],
  ]);
  const root = join(at, 'root');
  t.match(await unpackImage(image, root), { ok: true });
  t.equal(readFileSync(join(root, 'usr/lib/x.so'), 'utf8'), 'lib/x.so');
  t.equal(await readlink(join(root, 'usr/lib/abs')), 'x.so');
  t.equal(await readlink(join(root, 'up')), 'usr');
  t.equal(await readFile(join(root, 'usr/lib/self/abs'), 'utf8'), 'lib/x.so');
});

t.test('hostile archives write nothing outside', async (t) => {
  const cases: { [name: string]: readonly (readonly TarEntry[])[] } = {
    'a name with ..': [[file('../outside/planted')]],
    'a .. further in': [[file('app/../../outside/planted')]],
    'a link to .. and a file through it': [[link('app', '../outside'), file('app/planted')]],
    'an absolute link and a file through it': [[link('app', '@outside'), file('app/planted')]],
    'a chain of links': [
      [link('a', '../outside'), link('b', 'a'), link('c', '../b')],
      [file('c/planted')],
    ],
    'a file over a link': [[link('app', '../outside/victim')], [file('app', 'planted')]],
    'a hard link outside': [[link('stolen', '../outside/victim', 'link')]],
    'a hard link through a link': [[link('app', '../outside'), link('x', 'app/victim', 'link')]],
    'a hard link to a link': [[link('app', '@outside/victim'), link('x', 'app', 'link')]],
    'a whiteout of the parent': [[file('app/a')], [file('app/.wh...', '')]],
    'a whiteout of ..': [[file('app/.wh.../x', '')]],
    'a whiteout through a link': [[link('app', '../outside')], [file('app/.wh.victim', '')]],
    'an opaque marker through a link': [
      [link('app', '../outside')],
      [file('app/.wh..wh..opq', '')],
    ],
    'links in a loop': [[link('a', 'b'), link('b', 'a'), file('a/planted')]],
    'a directory over a link': [
      [link('app', '../outside')],
      [directory('app'), file('app/planted')],
    ],
    'an absolute name': [[file('/@outside/planted')]],
  };
  for (const [name, layers] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const at = t.testdir({ outside: { victim: 'unharmed' } });
      const outside = join(at, 'outside');
      const placed = layers.map((layer) =>
        layer.map((entry) => ({
          ...entry,
          header: {
            ...entry.header,
            name: entry.header.name.replace('@outside', outside.slice(1)),
            ...(entry.header.linkname !== undefined && {
              linkname: entry.header.linkname.replace('@outside', outside),
            }),
          },
        })),
      );
      const image = await imageOf(join(at, 'image'), placed);
      const result = await unpackImage(image, join(at, 'root'));
      t.same(readdirSync(outside), ['victim'], 'nothing planted, nothing removed');
      t.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'unharmed');
      t.equal(statSync(join(outside, 'victim')).nlink, 1, 'no second name');
      if (!result.ok) t.match(result.error.diagnostics[0]?.code, /^image\/refused-entry$/);
    });
  }
});

t.test('a link to / leads to the root of the image', async (t) => {
  const at = t.testdir();
  const image = await imageOf(at, [
    [directory('a'), file('a/b')],
    [link('a', '/'), file('a/c')],
  ]);
  const root = join(at, 'root');
  t.match(await unpackImage(image, root), { ok: true });
  t.equal((await lstat(join(root, 'a'))).isSymbolicLink(), true);
  t.equal(readFileSync(join(root, 'c'), 'utf8'), 'a/c', 'the link leads to the root of the image');
});

t.test('modes lose set-uid; devices are left out; a bomb ends early', async (t) => {
  const at = t.testdir();
  const device: TarEntry = { header: { name: 'dev/null', type: 'character-device', size: 0 } };
  const image = await imageOf(at, [[file('su', 'x', 0o4755), device, file('locked', 'y', 0)]]);
  const root = join(at, 'root');
  t.match(await unpackImage(image, root), { ok: true, value: { files: 2 } });
  t.equal(statSync(join(root, 'su')).mode & 0o7777, 0o755);
  t.same(tree(root), ['dev', 'locked', 'su']);
  t.match(await unpackImage(image, join(at, 'b'), { bytes: 1, entries: 9 }), {
    error: { diagnostics: [{ code: 'image/refused-entry' }] },
  });
  t.match(await unpackImage(image, join(at, 'e'), { bytes: 9, entries: 1 }), { ok: false });
});

t.test('a flipped, truncated or missing blob is corruption', async (t) => {
  const at = t.testdir();
  const image = await imageOf(at, [[file('a', 'x'.repeat(4096))]]);
  const blob = join(at, 'blobs/sha256', image.manifest.layers[0]?.digest.slice(7) ?? '');
  const good = readFileSync(blob);
  const corrupt = { error: { kind: 'corruption', diagnostics: [{ code: 'image/corrupt' }] } };
  const flipped = Buffer.from(good);
  // The operating system's byte in gzip's header: everything decodes, only the digest tells.
  flipped.writeUInt8((flipped[9] ?? 0) ^ 1, 9);
  for (const [index, bytes] of [flipped, good.subarray(0, 30), Buffer.alloc(0)].entries()) {
    writeFileSync(blob, bytes);
    t.match(await unpackImage(image, join(at, `r${index}`)), corrupt);
  }
});

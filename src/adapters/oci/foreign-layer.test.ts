import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packTar, type TarHeader } from 'modern-tar';
import t, { type Test } from 'tap';
import { createLayerCache } from './layer-cache.ts';
import { foreignEntries } from './foreign-layer.ts';

/** An archive as an engine may write it. */
async function archive(
  t: Test,
  headers: readonly (Partial<TarHeader> & { name: string; body?: string })[],
) {
  const folder = t.testdir();
  const path = join(folder, 'layer.tar');
  const tar = await packTar(
    headers.map(({ body = '', ...header }) => ({
      header: { size: Buffer.byteLength(body), type: 'file', ...header },
      ...((header.type ?? 'file') === 'file' && { body }),
    })),
  );
  writeFileSync(path, tar);
  return { folder, path };
}

t.test('in order of paths, without times and names of users', async (t) => {
  const { folder, path } = await archive(t, [
    { name: './', type: 'directory', mode: 0o755 },
    { name: './b/', type: 'directory', mode: 0o750, uid: 7, gid: 8, uname: 'robin' },
    { name: './b/hard', type: 'link', linkname: './z' },
    {
      name: './z',
      body: 'z',
      mode: 0o4755,
      mtime: new Date(),
      pax: { 'SCHILY.xattr.user.a': '1', mtime: '5' },
    },
    { name: 'a', type: 'symlink', linkname: '../z' },
    { name: '.wh.gone', body: '' },
  ]);
  const read = await foreignEntries(path, join(folder, 'bodies'));
  if (!read.ok) throw new Error('refused');
  t.match(read.value, [
    { path: '.wh.gone', kind: 'file', size: 0 },
    { path: 'a', kind: 'link', mode: 0o777, target: '../z' },
    { path: 'b', kind: 'directory', mode: 0o750, uid: 7, gid: 8 },
    { path: 'z', kind: 'file', mode: 0o4755, size: 1, pax: { 'SCHILY.xattr.user.a': '1' } },
    { path: 'b/hard', kind: 'hard-link', target: 'z' },
  ]);
  t.equal(read.value.length, 5, 'what a hard link names comes before it; the root is no entry');
  t.notOk(JSON.stringify(read.value).includes('mtime'));

  const cache = createLayerCache(join(folder, 'layers'));
  const first = await cache.layer(read.value, 0);
  t.match(first, { ok: true, value: { cached: false } });
  t.match(await cache.layer(read.value, 0), { ok: true, value: { cached: true } });
});

t.test('what is no file, directory or link is refused', async (t) => {
  const { folder, path } = await archive(t, [
    { name: 'before', body: 'b' },
    { name: 'dev/null', type: 'character-device' },
    { name: 'after', body: 'a'.repeat(100_000) },
  ]);
  t.match(await foreignEntries(path, join(folder, 'bodies')), {
    error: { diagnostics: [{ code: 'image/source-refused', message: /dev\/null/ }] },
  });
});

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import t, { type Test } from 'tap';
import type { LayerContents } from '../../ports/image-store.ts';
import { layerContents } from './layer-contents.ts';

/** A layer of these files, as it lies on disk. */
async function layerOf(t: Test, files: { readonly [path: string]: string | Buffer }) {
  const tar = await packTar(
    Object.entries(files).map(([name, body]) => ({
      header: { name, size: Buffer.byteLength(body), type: 'file' as const },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    })),
  );
  const blob = gzipSync(tar);
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}` as const;
  const folder = t.testdir();
  const path = join(folder, 'blob');
  writeFileSync(path, blob);
  return {
    path,
    note: join(folder, 'note'),
    descriptor: { mediaType: 'layer.tar+gzip', digest, size: blob.length },
  };
}

async function contentsOf(t: Test, files: Parameters<typeof layerOf>[1]): Promise<LayerContents> {
  const { path, note, descriptor } = await layerOf(t, files);
  const read = await layerContents(path, descriptor, note);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

t.test("npm's packages, wherever they lie; what only looks like one is none", async (t) => {
  const { packages } = await contentsOf(t, {
    'app/package.json': '{"name":"app","version":"1.0.0"}',
    'app/node_modules/wing/package.json': '{"name":"wing","version":"2.0.0","license":"MIT"}',
    'app/node_modules/@birds/beak/package.json': '{"name":"@birds/beak","version":"1.1.0"}',
    'app/node_modules/wing/esm/package.json': '{"type":"module"}',
    'app/node_modules/wing/node_modules/nail/package.json': '{"name":"nail","version":"3.0.0"}',
    'app/node_modules/odd/package.json': '{"name":7}',
    'app/node_modules/broken/package.json': '{',
  });
  t.same(packages, [
    { kind: 'npm', name: 'wing', version: '2.0.0', licence: 'MIT' },
    { kind: 'npm', name: '@birds/beak', version: '1.1.0' },
    { kind: 'npm', name: 'nail', version: '3.0.0' },
  ]);
});

t.test("Debian's packages that are installed", async (t) => {
  const { packages } = await contentsOf(t, {
    'var/lib/dpkg/status': [
      'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n',
      'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
      '',
    ].join('\n'),
    'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2026a\n',
    'var/lib/dpkg/status.d/tzdata.md5sums': 'Package: no\nVersion: 1\n',
  });
  t.same(packages, [
    { kind: 'deb', name: 'libc6', version: '2.36-9', architecture: 'amd64' },
    { kind: 'deb', name: 'tzdata', version: '2026a' },
  ]);
});

t.test('libraries outside of packages, and documents that say what else is there', async (t) => {
  const { libraries, bills } = await contentsOf(t, {
    './lib/libc.so.6': 'c',
    'app/node_modules/wing/wing.node': 'w',
    'app/bundle.cdx.json': '{"bomFormat":"CycloneDX","components":[]}',
    'app/bom.json': '{"bomFormat":"SPDX"}',
    'app/other.cdx.json': 'no JSON',
  });
  t.same(libraries, [
    { path: 'lib/libc.so.6', sha256: createHash('sha256').update('c').digest('hex') },
  ]);
  t.same(bills, [{ bomFormat: 'CycloneDX', components: [] }]);
});

t.test('large files between small ones, in chunks of every size', async (t) => {
  const files: { [path: string]: string | Buffer } = {};
  for (let index = 0; index < 200; index += 1) {
    files[`app/${index}`] = Buffer.alloc((index * 7919) % 70_000, index);
    files[`app/node_modules/p${index}/package.json`] = JSON.stringify({
      name: `p${index}`,
      version: '1.0.0',
      description: 'x'.repeat((index * 613) % 3000),
    });
  }
  const { packages } = await contentsOf(t, files);
  t.equal(packages.length, 200);
});

t.test('a layer is read once, and a damaged one not believed', async (t) => {
  const files = { 'app/node_modules/wing/package.json': '{"name":"wing","version":"2.0.0"}' };
  const { path, note, descriptor } = await layerOf(t, files);
  const read = await layerContents(path, descriptor, note);
  writeFileSync(path, readFileSync(path).subarray(0, 40));
  t.same(await layerContents(path, descriptor, note), read);
  writeFileSync(note, 'torn');
  t.match(await layerContents(path, descriptor, note), {
    error: { diagnostics: [{ code: 'image/corrupt' }] },
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { writeBill } from './bundle-bill.ts';

t.test('each package of a bundle once, sorted, own files not at all', async (t) => {
  const folder = t.testdir({
    node_modules: {
      wing: {
        'package.json': '{"name":"wing","version":"2.0.0","license":"MIT"}',
        node_modules: { nail: { 'package.json': '{"name":"nail","version":"3.0.0"}' } },
      },
      '@birds': { beak: { 'package.json': '{"name":"@birds/beak","version":"1.0.0+a"}' } },
    },
  });
  const file = join(folder, 'bundle.cdx.json');
  const inputs = [
    'node_modules/wing/a.js',
    'node_modules/wing/lib/b.js',
    'main.ts',
    'node_modules/@birds/beak/index.js',
    'node_modules/wing/node_modules/nail/c.js',
  ];
  await writeBill(file, inputs, folder);
  const { components, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as {
    components: { purl: string }[];
  };
  t.same(rest, { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
  t.match(components, [
    { purl: 'pkg:npm/%40birds/beak@1.0.0%2Ba', licenses: [] },
    { purl: 'pkg:npm/nail@3.0.0' },
    { name: 'wing', version: '2.0.0', licenses: [{ license: { name: 'MIT' } }] },
  ]);
  t.equal(components.length, 3);
  await writeBill(file, inputs.toReversed(), folder);
  t.same(JSON.parse(readFileSync(file, 'utf8')), { ...rest, components });
});

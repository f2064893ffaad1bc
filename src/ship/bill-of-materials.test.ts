import t from 'tap';
import type { JsonObject } from '../model/json.ts';
import type { LayerContents } from '../ports/image-store.ts';
import { billOfMaterials, type BillSubject } from './bill-of-materials.ts';

const SUBJECT: BillSubject = {
  digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
  tag: 'birds:1',
  created: '1970-01-01T00:00:00Z',
  labels: [
    ['dev.avian.run', 'f00d'],
    ['dev.avian.model-digest', 'b3:12'],
    ['title', 'birds'],
  ],
  config: {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['NODE_VERSION=24.21.0'] },
    rootfs: { type: 'layers', diff_ids: [] },
  },
  model: '/app/model',
  version: '0.1.0',
};
const NOTHING: LayerContents = { packages: [], libraries: [], bills: [] };
const bill = (...layers: Partial<LayerContents>[]): JsonObject =>
  JSON.parse(
    billOfMaterials(
      SUBJECT,
      layers.map((layer) => ({ ...NOTHING, ...layer })),
    ),
  ) as JsonObject;
const components = (document: JsonObject): readonly JsonObject[] =>
  document['components'] as readonly JsonObject[];

t.test('the document says what it is about, and no clock or dice take part', (t) => {
  t.match(bill(), {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    metadata: {
      timestamp: '1970-01-01T00:00:00Z',
      component: {
        type: 'container',
        name: 'birds:1',
        version: SUBJECT.digest,
        properties: [
          { name: 'dev.avian.model-digest', value: 'b3:12' },
          { name: 'dev.avian.run', value: 'f00d' },
          { name: 'title', value: 'birds' },
        ],
      },
    },
  });
  t.same(bill(), bill());
  t.end();
});

t.test('packages, libraries, Node and the model', (t) => {
  const listed = components(
    bill(
      { libraries: [{ path: 'lib/libc.so.6', sha256: 'ab' }] },
      {
        packages: [
          { kind: 'npm', name: '@img/colour', version: '1.1.0', licence: 'MIT' },
          { kind: 'npm', name: 'odd', version: '2.0.0+b', licence: 'SEE LICENSE IN x' },
          { kind: 'deb', name: 'libc6', version: '2:2.36-9', architecture: 'amd64' },
        ],
      },
      { packages: [{ kind: 'npm', name: '@img/colour', version: '1.1.0', licence: 'MIT' }] },
    ),
  );
  t.match(listed, [
    { type: 'file', name: '/lib/libc.so.6', hashes: [{ alg: 'SHA-256', content: 'ab' }] },
    {
      type: 'machine-learning-model',
      name: '/app/model',
      properties: [{ name: 'dev.avian.model-digest' }, { name: 'dev.avian.run' }],
    },
    { purl: 'pkg:deb/debian/libc6@2%3A2.36-9?arch=amd64' },
    { type: 'platform', purl: 'pkg:generic/node@24.21.0' },
    { purl: 'pkg:npm/%40img/colour@1.1.0', licenses: [{ expression: 'MIT' }] },
    { purl: 'pkg:npm/odd@2.0.0%2Bb', licenses: [{ license: { name: 'SEE LICENSE IN x' } }] },
  ]);
  t.equal(listed.length, 6, 'each once');
  t.end();
});

t.test('what documents in the image list is taken over, and nonsense is not', (t) => {
  const inside = {
    components: [
      { type: 'library', name: 'fastify', version: '5.0.0', purl: 'pkg:npm/fastify@5.0.0' },
      { type: 'library', name: 'nameless' },
      7,
    ],
  };
  const purls = components(bill({ bills: [inside, { components: 'none' }, {}] })).map(
    ({ purl }) => purl,
  );
  t.same(purls, [undefined, 'pkg:generic/node@24.21.0', 'pkg:npm/fastify@5.0.0']);
  t.end();
});

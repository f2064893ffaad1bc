import t from 'tap';
import { parseImageReference } from './image-reference.ts';

t.test('registries, repositories and tags', (t) => {
  for (const [text, registry, repository, tag] of [
    ['registry.example/birds', 'registry.example', 'birds', undefined],
    ['registry.example:5000/a/b_c/d--e:v1.0', 'registry.example:5000', 'a/b_c/d--e', 'v1.0'],
    ['localhost/birds:latest', 'localhost', 'birds', 'latest'],
    ['nest:5000/birds', 'nest:5000', 'birds', undefined],
    ['127.0.0.1:5000/birds', '127.0.0.1:5000', 'birds', undefined],
    ['[::1]:5000/birds', '[::1]:5000', 'birds', undefined],
    ['europe-docker.pkg.dev/p/r/birds:1', 'europe-docker.pkg.dev', 'p/r/birds', '1'],
  ] as const) {
    t.same(parseImageReference(text), { ok: true, value: { registry, repository, tag } }, text);
  }
  const nameless = parseImageReference('team/birds');
  t.match(!nameless.ok && nameless.error.diagnostics[0]?.hint, 'docker.io/team/birds');
  t.end();
});

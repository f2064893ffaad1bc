import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Project } from '../../model/pipeline.ts';
import { hashText as hash } from '../hash/blake3.ts';
import { openProjectCache } from './project-cache.ts';
import { openProjectFiles } from './project-files.ts';

const project: Project = {
  pipeline: { stages: [], tasks: [] },
  config: { lr: 1 },
  paramFiles: {},
  overrides: [],
};

t.test('remembers a project until a file, the version or the overrides differ', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'avian-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const files = openProjectFiles(root);
  const file = join(root, 'cache/v1/project.json');
  const cache = openProjectCache(file, files, hash);
  t.equal(cache.load('1', []), undefined, 'nothing is remembered at first');

  files.write('pipeline.yaml', 'stages: {}');
  cache.store('1', [], project, ['pipeline.yaml', 'params.yaml']);
  t.same(cache.load('1', []), project);
  t.equal(cache.load('2', []), undefined);
  t.equal(cache.load('1', ['lr=2']), undefined);

  files.write('params.yaml', 'lr: 2');
  t.equal(cache.load('1', []), undefined, 'a file that appeared counts');
  rmSync(join(root, 'params.yaml'));
  t.same(cache.load('1', []), project);
  files.write('pipeline.yaml', 'stages: {} ');
  t.equal(cache.load('1', []), undefined);

  writeFileSync(file, '{"torn');
  t.equal(cache.load('1', []), undefined, 'a torn file is forgotten');
  for (const damage of [
    (text: string) => text.replace('"lr":1', '"lr":2'),
    (text: string) => text.replace(/^./, 'x'),
    () => '{"version":"1"}',
    () => `${hash('null')}\n`,
    () => '',
  ]) {
    files.write('pipeline.yaml', 'stages: {}');
    cache.store('1', [], project, ['pipeline.yaml']);
    t.same(cache.load('1', []), project);
    writeFileSync(file, damage(readFileSync(file, 'utf8')));
    t.equal(cache.load('1', []), undefined, 'what is not as it was written is forgotten');
  }
});

t.test('a cache that cannot be written costs nothing but the shortcut', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'avian-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'cache'), 'not a folder');
  const cache = openProjectCache(join(root, 'cache/v1/project.json'), openProjectFiles(root), hash);
  cache.store('1', [], project, []);
  t.equal(cache.load('1', []), undefined);
});

t.test('files: absent ones are undefined, directories are listed in order', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'avian-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const files = openProjectFiles(root);
  files.write('conf/b.yaml', 'b');
  files.write('conf/a.yaml', 'a');
  t.equal(files.read('conf/a.yaml'), 'a');
  t.equal(files.read('conf'), undefined);
  t.equal(files.read('conf/a.yaml/x'), undefined);
  t.same(files.list('conf'), ['a.yaml', 'b.yaml']);
  t.same(files.list('none'), []);
});

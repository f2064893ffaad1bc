import t from 'tap';
import { hashText } from '../adapters/hash/blake3.ts';
import { problem } from '../model/diagnostic.ts';
import type { Digest, RepoPath } from '../model/names.ts';
import { err, ok } from '../model/result.ts';
import type { Downloads } from '../ports/downloads.ts';
import { spaceContext, unwrap } from '../testing/fake-context.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { checkout } from './checkout.ts';
import { importUrl } from './import-url.ts';
import { update } from './update.ts';

const URL = 'https://example.org/birds.csv';

/** A project, and the web with one file in it. */
function setUp() {
  const world = new FakeWorld({});
  const web: { text: string | undefined; fetched: number } = { text: 'robin', fetched: 0 };
  const downloads: Downloads = {
    resolve: (url) => ok({ url, name: 'birds.csv' }),
    async fetch(url, { known, onProgress, onRetry }) {
      if (web.text === undefined) return err(problem('remote', 'import/refused', 'gone'));
      if (known?.etag === web.text) return ok('unchanged');
      web.fetched += 1;
      onRetry('it stalled');
      world.clock.tick(1000);
      onProgress(3);
      world.files.set('given', web.text);
      const digest = `b3:${hashText(web.text)}` as Digest;
      return ok({ file: 'given', digest, from: { url, etag: web.text, size: web.text.length } });
    },
  };
  const context = { ...spaceContext(world), downloads };
  const source = () => world.lock.lock.sources['birds.csv'];
  return { world, web, context, source };
}

t.test('what is imported lies in the workspace, the cache and the lock', async (t) => {
  const { world, context, source } = setUp();
  const view = unwrap(await importUrl({ url: URL, path: undefined }, context));
  t.match(view, { paths: [{ path: 'birds.csv', done: 'imported', size: 5 }] });
  t.equal(world.files.get('birds.csv'), 'robin');
  t.equal(world.files.get('.gitignore'), '/birds.csv\n');
  t.same(source(), {
    digest: `b3:${hashText('robin')}`,
    size: 5,
    from: { url: URL, etag: 'robin', size: 5 },
  });
  t.match(world.events, [
    { type: 'diagnostic', diagnostic: { code: 'import/retry' } },
    { type: 'progress', phase: 'downloading', path: 'birds.csv', bytes: 3 },
  ]);
});

t.test('a path of one’s own, or a folder for the name', async (t) => {
  const { world, context } = setUp();
  unwrap(await importUrl({ url: URL, path: 'data/raw.csv' }, context));
  unwrap(await importUrl({ url: URL, path: 'data/' }, context));
  t.same(
    [...world.files.keys()].sort(),
    ['data/.gitignore', 'data/birds.csv', 'data/raw.csv'].sort(),
  );
  t.match(await importUrl({ url: URL, path: '../x' }, context), {
    error: { diagnostics: [{ code: 'import/bad-path' }] },
  });
});

t.test('what lay there and is in no cache is kept, and named', async (t) => {
  const { world, context } = setUp();
  world.files.set('birds.csv', 'precious');
  t.match(unwrap(await importUrl({ url: URL, path: undefined }, context)), {
    paths: [{ kept: 'cache/v1/tmp/replaced/birds.csv' }],
  });
});

t.test('a download that fails changes nothing', async (t) => {
  const { world, web, context } = setUp();
  web.text = undefined;
  t.match(await importUrl({ url: URL, path: undefined }, context), { error: { kind: 'remote' } });
  t.same([[...world.files.keys()], world.lock.lock.sources], [[], {}]);
});

t.test('update takes in what changed, and only that', async (t) => {
  const { world, web, context, source } = setUp();
  unwrap(await importUrl({ url: URL, path: undefined }, context));
  t.match(unwrap(await update({ paths: [] }, context)), {
    paths: [{ path: 'birds.csv', done: 'unchanged' }],
  });
  t.equal(web.fetched, 1);
  web.text = 'finch and robin';
  t.match(unwrap(await update({ paths: ['birds.csv'] }, context)), {
    paths: [{ path: 'birds.csv', done: 'updated', size: 15 }],
  });
  t.equal(world.files.get('birds.csv'), 'finch and robin');
  t.match(source(), { size: 15, from: { etag: 'finch and robin' } });
});

t.test('after a fresh clone checkout says what to do, and update does it', async (t) => {
  const { world, context } = setUp();
  unwrap(await importUrl({ url: URL, path: undefined }, context));
  world.files.clear();
  world.workspace.objects.clear();
  t.match(await checkout({ targets: [] }, context), {
    error: {
      diagnostics: [{ code: 'checkout/not-in-cache', hint: /^`avian update birds\.csv` fetches/ }],
    },
  });
  t.match(unwrap(await update({ paths: [] }, context)), {
    paths: [{ path: 'birds.csv', done: 'restored' }],
  });
  t.equal(world.files.get('birds.csv'), 'robin');
});

t.test('update of what was not imported is refused in words', async (t) => {
  const { world, context } = setUp();
  await world.lock.setSource('data' as RepoPath, {
    digest: `b3:${'0'.repeat(64)}` as Digest,
    size: 1,
  });
  for (const [path, message] of [
    ['data', /was added from here/],
    ['other', /nothing was imported/],
  ] as const) {
    t.match(await update({ paths: [path] }, context), {
      error: { kind: 'usage', diagnostics: [{ code: 'update/not-imported', message }] },
    });
  }
  t.same(unwrap(await update({ paths: [] }, context)), { paths: [] });
});

import t from 'tap';
import type { Condition, DeploymentView, RevisionSettings } from '../ports/deployer.ts';
import {
  chooseDeployment,
  decideDeploy,
  decideRollback,
  nextRevision,
  planDeploy,
  retention,
} from './deployment-plan.ts';

const settings = (image: string): RevisionSettings => ({ image, health: '/readyz', env: {} });

/** `view('1a 2b! 3c-', 2)`: revisions by number and image, `-` without content, 2 live. */
function view(
  text: string,
  live?: number,
  condition: Condition = { kind: 'healthy' },
): DeploymentView {
  const revisions = text.split(' ').map((word) => ({
    revision: `web-0000${word[0]}`,
    settings: settings(word[1] ?? ''),
    restorable: !word.endsWith('-'),
  }));
  return {
    name: 'web',
    condition,
    revisions,
    ...(live !== undefined && {
      live: {
        revision: `web-0000${live}`,
        url: 'http://127.0.0.1:9000',
        image: '',
        pid: 2,
        startedAt: '',
        restarts: 0,
      },
    }),
  };
}
const decide = (current: DeploymentView | undefined, image: string, port?: number): string => {
  const decision = decideDeploy('web', current, settings(image), port);
  const revision = decision.kind === 'keep' ? decision.live.revision : decision.revision;
  return `${decision.kind} ${revision.slice(-1)}`;
};
const down: Condition = { kind: 'unhealthy', reason: 'dead' };

t.test('what to do with an image, given what is there', (t) => {
  t.equal(decide(undefined, 'a'), 'create 1');
  t.equal(decide(view('1a', 1), 'a'), 'keep 1');
  t.equal(decide(view('1a', 1), 'b'), 'create 2');
  t.equal(decide(view('1a', 1, down), 'a'), 'activate 1');
  t.equal(decide(view('1a', 1, { kind: 'stopped' }), 'a'), 'activate 1');
  t.equal(decide(view('1a 2b', 1), 'b'), 'activate 2', 'after a rollback');
  t.equal(decide(view('1a 2b', 2), 'a'), 'activate 1', 'an old commit again');
  t.equal(decide(view('1a 2b-', 1), 'b'), 'create 3', 'one that failed is made anew');
  t.equal(decide(view('1a 2a', 1), 'a'), 'keep 1', 'the live one of two equals');
  t.equal(decide(view('1a 2a 3b', 3), 'a'), 'activate 2', 'else the newest');
  t.equal(decide(view('1a', 1), 'a', 9000), 'keep 1');
  t.equal(decide(view('1a', 1), 'a', 9001), 'activate 1', 'another port');
  t.equal(
    decideDeploy('web', view('1a', 1), { ...settings('a'), env: { A: '1' } }, undefined).kind,
    'create',
  );
  t.end();
});

t.test('numbers only grow', (t) => {
  t.equal(nextRevision('web', undefined), 'web-00001');
  t.equal(nextRevision('web', view('3a- 7b', 3)), 'web-00008');
  t.end();
});

t.test('rollback goes one further back each time, over what has no content', (t) => {
  t.same(decideRollback(view('1a 2b 3c', 3)), { ok: true, value: 'web-00002' });
  t.same(decideRollback(view('1a 2b 3c', 2)), { ok: true, value: 'web-00001' });
  t.same(decideRollback(view('1a 2b- 3c', 3)), { ok: true, value: 'web-00001' });
  for (const none of [view('1a', 1), view('1a- 2b', 2), view('1a')]) {
    t.match(decideRollback(none), {
      error: { diagnostics: [{ code: 'deploy/no-earlier-revision' }] },
    });
  }
  t.end();
});

t.test('the live revision and the newest others stay', (t) => {
  t.same(retention(view('1a 2b 3c 4d 5e', 1), 'web-00001'), {
    content: ['web-00001', 'web-00004', 'web-00005'],
    records: ['web-00001', 'web-00001', 'web-00002', 'web-00003', 'web-00004', 'web-00005'],
  });
  t.same(retention(view('1a 2b- 3c- 4d', 4), 'web-00004').content, ['web-00004', 'web-00001']);
  t.end();
});

t.test('a request is checked as a whole', (t) => {
  t.same(planDeploy({ image: 'i', name: 'web', env: ['A=b=c'] }), {
    ok: true,
    value: { port: undefined, health: '/readyz', timeoutMs: 60_000, env: { A: 'b=c' } },
  });
  const refused = planDeploy({
    image: 'i',
    name: '../up',
    port: 70_000,
    health: 'readyz',
    timeoutMs: 0,
    env: ['A'],
  });
  t.same(!refused.ok && refused.error.diagnostics.map(({ code }) => code), [
    'deploy/bad-name',
    'deploy/bad-port',
    'deploy/bad-health',
    'deploy/bad-timeout',
    'image/bad-pair',
  ]);
  for (const name of ['Web', 'a/b', '-a', 'a-', '', 'a'.repeat(50)]) {
    t.notOk(planDeploy({ image: 'i', name }).ok, name);
  }
  t.end();
});

t.test('the named deployment, or the only one', (t) => {
  const code = (asked: string | undefined, names: string[]) => {
    const chosen = chooseDeployment(asked, names);
    return chosen.ok ? chosen.value : chosen.error.diagnostics[0]?.code;
  };
  t.equal(code(undefined, ['a']), 'a');
  t.equal(code('b', ['a', 'b']), 'b');
  t.equal(code(undefined, []), 'deploy/none');
  t.equal(code(undefined, ['a', 'b']), 'deploy/which');
  t.equal(code('c', ['a', 'b']), 'deploy/unknown');
  t.equal(code('c', []), 'deploy/unknown');
  t.end();
});

import type { Test } from 'tap';
import type { Deployment, DeployTarget } from '../../model/deployment.ts';
import type { Problem } from '../../model/diagnostic.ts';
import type { Result } from '../../model/result.ts';

/** One target as the commands reach it, and images that differ in what they answer. */
export interface DeploymentRig {
  readonly target: DeployTarget;
  /** What to deploy: a service that answers every GET of `/` with this text and its revision. */
  readonly image: (answer: string) => Promise<string>;
  /** One whose health path never answers 200. */
  readonly sickImage: () => Promise<string>;
  readonly deploy: (
    image: string,
  ) => Promise<Result<{ readonly kind: string; readonly deployment: Deployment }, Problem>>;
  readonly status: () => Promise<
    Result<{ readonly name: string; readonly revision: string; readonly url: string }, Problem>
  >;
  readonly rollback: () => Promise<
    Result<{ readonly from: string; readonly deployment: Deployment }, Problem>
  >;
  /** Newest first. */
  readonly recorded: readonly Deployment[];
}

/** What holds wherever a service is put. The deployment is called `web`. */
export async function deploymentContract(t: Test, rig: DeploymentRig): Promise<void> {
  const value = <T>(result: Result<T, Problem>): T => {
    if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
    return result.value;
  };
  const code = (result: Result<unknown, Problem>): string =>
    result.ok ? 'ok' : (result.error.diagnostics[0]?.code ?? '');
  const ask = async (url: string): Promise<string> =>
    // A kept connection would stay with its revision.
    (await fetch(url, { headers: { connection: 'close' } })).text();

  t.equal(code(await rig.status()), 'deploy/none');
  const one = await rig.image('one');
  const first = value(await rig.deploy(one));
  const { url } = first.deployment;
  t.match(first, {
    kind: 'deployed',
    deployment: { v: 1, name: 'web', target: rig.target, revision: 'web-00001', host: 'here' },
  });
  t.match(first.deployment.image, /^sha256:[0-9a-f]{64}$/);
  t.equal(await ask(url), 'one web-00001');
  t.same(value(await rig.status()), { name: 'web', revision: 'web-00001', url });

  t.match(value(await rig.deploy(one)), { kind: 'kept', deployment: first.deployment });
  t.equal(rig.recorded.length, 1, 'a deploy of the same is nothing new');

  const second = value(await rig.deploy(await rig.image('two')));
  t.match(second, { kind: 'deployed', deployment: { revision: 'web-00002', url } });
  t.not(second.deployment.image, first.deployment.image);
  t.equal(await ask(url), 'two web-00002', 'the URL stays');

  t.equal(code(await rig.deploy(await rig.sickImage())), 'deploy/unhealthy');
  t.equal(await ask(url), 'two web-00002', 'what served before still does');
  t.equal(value(await rig.status()).revision, 'web-00002');

  const back = value(await rig.rollback());
  t.match(back, { from: /web-00002/, deployment: { revision: 'web-00001', url } });
  t.equal(back.deployment.image, first.deployment.image);
  t.equal(await ask(url), 'one web-00001');
  t.equal(code(await rig.rollback()), 'deploy/no-earlier-revision');
  t.same(
    rig.recorded.map(({ revision }) => revision),
    ['web-00001', 'web-00002', 'web-00001'],
  );
}

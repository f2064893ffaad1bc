import type { Deployment } from '../model/deployment.ts';
import type { Problem } from '../model/diagnostic.ts';
import { ok, type Result } from '../model/result.ts';
import { chooseDeployment, decideRollback } from '../ship/deployment-plan.ts';
import { deployerFor, record, waiting, type DeployPorts } from './deploy.ts';

export interface RolledBack {
  readonly from: string;
  readonly deployment: Deployment;
}

/**
 * Puts the revision before the live one back into service, from its unpacked content, checked for
 * health like any other. Again: one further back. The next `repro` deploys what the pipeline says.
 */
export async function rollback(
  options: { readonly name?: string; readonly target?: string; readonly timeoutMs?: number },
  ports: Pick<DeployPorts, 'deployers' | 'runs' | 'environment' | 'signal' | 'notify'>,
): Promise<Result<RolledBack, Problem>> {
  const found = deployerFor(options.target, ports);
  if (!found.ok) return found;
  const deployer = found.value;
  const chosen = chooseDeployment(options.name, await deployer.names());
  if (!chosen.ok) return chosen;
  const name = chosen.value;
  return deployer.exclusively(name, waiting(name, ports), async () => {
    const view = await deployer.inspect(name);
    if (view === undefined) throw new Error(`bug: ${name} was listed and is not there`);
    const revision = decideRollback(view);
    if (!revision.ok) return revision;
    ports.notify(`waiting for ${revision.value}`);
    const activated = await deployer.activate(name, revision.value, {
      port: undefined,
      timeoutMs: options.timeoutMs ?? 60_000,
      signal: ports.signal,
    });
    if (!activated.ok) return activated;
    const earlier = (await ports.runs.deployments(name)).find(
      (one) => one.revision === revision.value,
    );
    const artifact = earlier?.artifact;
    const more = artifact !== undefined && { artifact };
    const deployment = await record(name, activated.value, { ...more }, deployer, ports);
    return ok({ from: view.live?.revision ?? '', deployment });
  });
}

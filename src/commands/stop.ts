import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import { chooseDeployment } from '../ship/deployment-plan.ts';
import { deployerFor, waiting, type DeployPorts } from './deploy.ts';

export interface Stopped {
  readonly name: string;
  /** False when it was down already. */
  readonly stopped: boolean;
}

/**
 * Takes a deployment down; without a name, the only one that is up. Its revisions stay, so that
 * `deploy` and `rollback` can bring it back.
 */
export async function stopDeployment(
  options: { readonly name?: string; readonly target?: string },
  ports: Pick<DeployPorts, 'deployers' | 'signal' | 'notify'>,
): Promise<Result<readonly Stopped[], Problem>> {
  if (options.target === 'cloud-run') return err(cannotStop);
  const found = deployerFor(options.target, ports);
  if (!found.ok) return found;
  const deployer = found.value;
  const names = await deployer.names();
  const candidates: string[] = [];
  for (const name of options.name === undefined ? names : []) {
    const view = await deployer.inspect(name);
    if (view && view.condition.kind !== 'stopped') candidates.push(name);
  }
  // Stopping what is down is no mistake, so that teardown scripts may run twice.
  if (options.name === undefined && candidates.length === 0) return ok([]);
  const chosen = chooseDeployment(options.name, options.name === undefined ? candidates : names);
  if (!chosen.ok) return chosen;
  const name = chosen.value;
  return deployer.exclusively(name, waiting(name, ports), async () => {
    ports.notify(`stopping ${name}`);
    const stopped = await deployer.stop(name, ports.signal);
    return stopped.ok ? ok([{ name, stopped: stopped.value }]) : stopped;
  });
}

const cannotStop = problem(
  'usage',
  'deploy/cannot-stop',
  'a service on Cloud Run is not stopped: without requests it has no instances and costs nothing',
  '`gcloud run services delete` takes it away, with all its revisions',
);

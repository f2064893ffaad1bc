import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import type { Supply } from '../ports/supply.ts';
import { openSupply } from '../transfer/supply.ts';
import { readRemoteProject, transferPorts, type RemoteContext } from './remote-context.ts';
import type { OpenSupply } from './repro.ts';

export interface SupplyOptions {
  readonly remote: string | undefined;
  readonly jobs: number;
}

/** For `avian repro --pull`: the project's remote, opened once the project's lock is held. */
export const supplyFrom =
  ({ remote, jobs }: SupplyOptions, context: RemoteContext): OpenSupply =>
  async (signal): Promise<Result<Supply, Problem>> => {
    const project = await readRemoteProject(remote, context);
    if (!project.ok) return project;
    const chosen = project.value.remote;
    const opened = await context.connect(chosen);
    return openSupply(chosen.name, opened, transferPorts(context), { jobs, signal });
  };

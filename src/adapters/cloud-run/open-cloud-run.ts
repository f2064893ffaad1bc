import { join } from 'node:path';
import type { CloudServices } from '../../ports/cloud-services.ts';
import type { RolloutJournal } from '../../ports/rollout-journal.ts';
import { openCloudRun } from './cloud-run-services.ts';
import { openRolloutJournal } from './rollout-journal.ts';

/** @param operations `cache/v1/operations`; every place has a folder of its own in it */
export function openCloudRunAt(
  operations: string,
  where: {
    readonly project: string;
    readonly region: string;
    readonly endpoint: string | undefined;
  },
): { readonly cloud: CloudServices; readonly journal: RolloutJournal } {
  const { project, region, endpoint } = where;
  const folder = `${project.replaceAll(':', '_')}.${region}`;
  return {
    cloud: openCloudRun({ project, region, ...(endpoint !== undefined && { endpoint }) }),
    journal: openRolloutJournal(join(operations, folder)),
  };
}

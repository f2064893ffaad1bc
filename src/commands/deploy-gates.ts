import { relative, resolve } from 'node:path';
import { parseMetrics } from '../engine/metrics.ts';
import type { GateResult } from '../model/deployment.ts';
import type { Environment } from '../ports/environment.ts';
import type { ProjectFiles } from '../ports/project-files.ts';
import { judgeDrift, judgeMetric, type GatePlan } from '../ship/gates.ts';

export interface GatePorts {
  readonly environment: Pick<Environment, 'root'>;
  readonly files: Pick<ProjectFiles, 'read'>;
}

/** A text file of the project under the name it was given with; undefined when there is none. */
export const textAsTyped = (
  file: string,
  cwd: string,
  { environment, files }: GatePorts,
): string | undefined => files.read(relative(environment.root, resolve(cwd, file)));

/** Judges the gates on files of the project; a file that is not there holds nothing. */
export const fileGates =
  (plan: Pick<GatePlan, 'metrics' | 'drift'>, cwd: string, ports: GatePorts) =>
  async (): Promise<readonly GateResult[]> => {
    const read = (file: string): string | undefined => textAsTyped(file, cwd, ports);
    return [
      ...plan.metrics.map((each) => judgeMetric(each, parseMetrics(read(each.file)))),
      ...(plan.drift === undefined ? [] : [judgeDrift(plan.drift, read(plan.drift))]),
    ];
  };

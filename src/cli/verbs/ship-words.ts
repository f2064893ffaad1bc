import { parseDuration } from '../../config/quantities.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Promoted } from '../../model/rollout-view.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';

/** Where on Cloud Run. */
export const PLACE_OPTIONS = {
  project: { type: 'string' },
  region: { type: 'string' },
  endpoint: { type: 'string' },
} as const;

/** How a revision comes to its traffic where that is split. */
export const ROLLOUT_OPTIONS = {
  steps: { type: 'string' },
  soak: { type: 'string' },
  'traffic-tag': { type: 'string' },
  probe: { type: 'string' },
  form: { type: 'string', multiple: true, short: 'F', default: [] as string[] },
  slo: { type: 'string', multiple: true, default: [] as string[] },
} as const;

/** What has to hold for that. */
export const GATE_OPTIONS = {
  gate: { type: 'string', multiple: true, default: [] as string[] },
  drift: { type: 'string' },
  override: { type: 'string' },
} as const;

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The options that were given, without those that were not. */
export const given = <T extends object>(options: T): Given<T> =>
  Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Given<T>;

export function milliseconds(
  option: string,
  text: string | undefined,
): Result<number | undefined, Problem> {
  if (text === undefined) return ok(undefined);
  const ms = parseDuration(text);
  if (ms !== undefined) return ok(ms);
  const message = `\`${option} ${text}\` is no duration`;
  return err(problem('usage', 'usage/bad-option', message, 'such as 90s or 2m'));
}

/** How a deploy to a target that splits traffic ended; the last line on stdout is the URL. */
export function tellPromoted({ kind, deployment, tagUrl, notes }: Promoted, io: Io): ExitStatus {
  const { revision, url } = deployment;
  const endings = {
    kept: `${revision} is as asked for: nothing to do`,
    deployed: `${revision} serves`,
    tagged: `${revision} is ready and gets no requests`,
  };
  io.stderr(`${endings[kind]}\n`);
  for (const note of notes) io.stderr(`note: ${note}\n`);
  if (tagUrl !== undefined) io.stdout(`tagged ${tagUrl}\n`);
  io.stdout(`url ${url}\n`);
  return exitStatus.ok;
}

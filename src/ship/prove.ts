import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { ProbeAnswer, Prober } from '../ports/prober.ts';
import type { Measured } from './gates.ts';

/** What a service is asked before it gets the requests of others. */
export interface ProbePlan {
  /** Such as `/infer_image`, or `/`. */
  readonly path: string;
  /** A form with one file each; without any, the path is just asked for. */
  readonly forms: readonly { readonly field: string; readonly file: string }[];
  /** How long it may take until the URL answers at all. */
  readonly reachMs: number;
}

export interface ProvePorts {
  readonly prober: Prober;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (message: string) => void;
}

const ANSWER_MS = 30_000;
const AGAIN_MS = 500;
const QUIET_MS = 2000;
/** Fewer say nothing of a rate. */
const LEAST_REQUESTS = 20;

/**
 * Asks each URL in turn, one request after the other, at least `LEAST_REQUESTS` and as long as
 * `soakMs`. Failed only when a URL does not answer at all; what it answers is for the gates.
 */
export async function prove(
  urls: readonly string[],
  plan: ProbePlan,
  options: { readonly soakMs: number; readonly token: string | undefined },
  ports: ProvePorts,
): Promise<Result<Measured, Problem>> {
  const { prober, clock, signal, notify } = ports;
  const token = options.token !== undefined && { token: options.token };
  const common = { timeoutMs: ANSWER_MS, signal, ...token };
  for (const url of urls) {
    const unreached = await reach(url, plan.reachMs, common, ports);
    if (unreached !== undefined) return err(unreached);
  }
  const forms = plan.forms.length > 0 ? plan.forms : [undefined];
  const round = urls.flatMap((url) => forms.map((form) => ({ url: `${url}${plan.path}`, form })));
  const began = clock.monotonic();
  let told = began;
  let failures = 0;
  let firstFailure: string | undefined;
  const latencies: number[] = [];
  let requests = 0;
  const enough = (): boolean =>
    requests >= Math.max(LEAST_REQUESTS, round.length) &&
    clock.monotonic() - began >= options.soakMs;
  while (!enough()) {
    for (const { url, form } of round) {
      const answer = await prober.ask({ url, ...(form !== undefined && { form }), ...common });
      requests += 1;
      if (answer.status !== undefined) latencies.push(answer.ms);
      if (!succeeded(answer)) {
        failures += 1;
        firstFailure ??= `${url}${form === undefined ? '' : ` with ${form.file}`}: ${described(answer)}`;
      }
      if (clock.monotonic() - told >= QUIET_MS) {
        told = clock.monotonic();
        notify(`${requests} requests, ${failures} failed`);
      }
    }
    // Watching is not loading: after the first requests, a round a second.
    if (requests >= LEAST_REQUESTS && !enough()) await clock.sleep(1000, signal);
    signal.throwIfAborted();
  }
  return ok({ requests, failures, latencies, ...(firstFailure !== undefined && { firstFailure }) });
}

/**
 * Routes and permissions of Cloud Run come into effect seconds after they were made. A 404 is an
 * answer: `/` need not exist. Cloud Run itself has asked the health path.
 */
async function reach(
  url: string,
  reachMs: number,
  common: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly token?: string },
  { prober, clock, notify }: ProvePorts,
): Promise<Problem | undefined> {
  const began = clock.monotonic();
  let told = began;
  for (;;) {
    const answer = await prober.ask({ url: `${url}/`, ...common });
    const { status } = answer;
    if (status !== undefined && status < 500 && status !== 401 && status !== 403) return undefined;
    if (clock.monotonic() - began >= reachMs) return unreachable(url, answer, common.token);
    if (clock.monotonic() - told >= QUIET_MS) {
      told = clock.monotonic();
      notify(`waiting for ${url}: ${described(answer)}`);
    }
    await clock.sleep(AGAIN_MS, common.signal);
    common.signal.throwIfAborted();
  }
}

function unreachable(url: string, answer: ProbeAnswer, token: string | undefined): Problem {
  const refused = answer.status === 401 || answer.status === 403;
  return problem(
    'stage',
    refused ? 'deploy/probe-forbidden' : 'deploy/unhealthy',
    `${url}/ ${described(answer)}`,
    refused
      ? token === undefined
        ? 'the service is private and these credentials make no identity token: use a service account, or --allow-unauthenticated'
        : 'whoever deploys needs roles/run.invoker on the service to probe it'
      : 'its logs say why; what was in service before still is',
  );
}

const succeeded = ({ status }: ProbeAnswer): boolean =>
  status !== undefined && status >= 200 && status < 300;

const described = ({ status, reason }: ProbeAnswer): string =>
  status === undefined
    ? (reason ?? 'did not answer')
    : `answered ${status}${reason === undefined ? '' : `: ${reason}`}`;

import type { GateResult } from '../model/deployment.ts';
import { problem, type Diagnostic, type Problem } from '../model/diagnostic.ts';
import { isJsonObject, type JsonValue } from '../model/json.ts';
import { holds, type Gate } from '../model/pipeline.ts';
import { err, ok, type Result } from '../model/result.ts';

/** What has to hold before a revision gets requests, as typed. */
export interface GateOptions {
  /** `FILE:METRIC>=N` each: a number of a metrics file. */
  readonly gate?: readonly string[];
  /** A drift verdict, `{"v":1,"drifted":…}`, as `avian run drift` writes it. */
  readonly drift?: string;
  /** `error-rate<=0.01`, `p95<=500ms`: measured while probing. */
  readonly slo?: readonly string[];
  /** Go on although a gate does not hold, for this reason. */
  readonly override?: string;
}

/** Names of what probing measures: a share of 0 to 1, and milliseconds. */
const INDICATORS = ['error-rate', 'mean', 'p50', 'p95', 'p99'] as const;
type Indicator = (typeof INDICATORS)[number];

export interface GatePlan {
  readonly metrics: readonly { readonly file: string; readonly gate: Gate }[];
  readonly drift: string | undefined;
  readonly slos: readonly { readonly indicator: Indicator; readonly gate: Gate }[];
  readonly override: string | undefined;
}

const COMPARED = /^(.+?)\s*(>=|<=|==|>|<)\s*([0-9.eE+-]+)\s*(ms|s|%)?$/;

/** Every problem at once. Without an `error-rate` of its own, none of the probes may fail. */
export function planGates(options: GateOptions): Result<GatePlan, Problem> {
  const diagnostics: Diagnostic[] = [];
  const refuse = (code: string, message: string, hint: string): [] => {
    diagnostics.push(...problem('usage', code, message, hint).diagnostics);
    return [];
  };
  const metrics = (options.gate ?? []).flatMap((text) => {
    const [, subject = '', comparison, bound, unit] = COMPARED.exec(text) ?? [];
    const at = subject.lastIndexOf(':');
    const number = Number(bound);
    if (at <= 0 || at === subject.length - 1 || unit !== undefined || !Number.isFinite(number)) {
      const hint = "such as 'artifacts/metrics/evaluate.json:accuracy>=0.9'";
      return refuse('gate/bad-gate', `--gate \`${text}\` is not FILE:METRIC>=N`, hint);
    }
    const metric = subject.slice(at + 1).trim();
    const gate = { metric, comparison: comparison as Gate['comparison'], bound: number };
    return [{ file: subject.slice(0, at).trim(), gate }];
  });
  const slos = (options.slo ?? []).flatMap((text) => {
    const [, name, comparison, bound, unit] = COMPARED.exec(text) ?? [];
    const indicator = INDICATORS.find((known) => known === name);
    const scale = unit === 's' ? 1000 : unit === '%' ? 0.01 : 1;
    const fits = indicator === 'error-rate' ? unit === undefined || unit === '%' : unit !== '%';
    if (indicator === undefined || !fits || !Number.isFinite(Number(bound))) {
      const hint = `such as 'p95<=500ms' or 'error-rate<=1%'; known: ${INDICATORS.join(', ')}`;
      return refuse('gate/bad-slo', `--slo \`${text}\` is no objective`, hint);
    }
    const gate: Gate = {
      metric: indicator,
      comparison: comparison as Gate['comparison'],
      bound: Number(bound) * scale,
    };
    return [{ indicator, gate }];
  });
  const override = options.override?.trim();
  if (override === '') {
    refuse('gate/no-reason', '--override needs a reason', "such as --override 'hot fix of #12'");
  }
  if (diagnostics.length > 0) return err({ kind: 'usage', diagnostics });
  const errors: Gate = { metric: 'error-rate', comparison: '<=', bound: 0 };
  const given = slos.some(({ indicator }) => indicator === 'error-rate');
  return ok({
    metrics,
    drift: options.drift,
    slos: given ? slos : [{ indicator: 'error-rate', gate: errors }, ...slos],
    override,
  });
}

/** One metric of a file against its bound. `values` are the file's numbers, undefined without the file. */
export function judgeMetric(
  { file, gate }: GatePlan['metrics'][number],
  values: { readonly [name: string]: number } | undefined,
): GateResult {
  const actual = values?.[gate.metric];
  return {
    gate: `${file}: ${gate.metric} ${gate.comparison} ${gate.bound}`,
    ...(actual !== undefined && { actual: String(actual) }),
    passed: actual !== undefined && holds(gate, actual),
  };
}

/** @param text of the verdict; undefined when there is no such file. What cannot be read is no pass. */
export function judgeDrift(file: string, text: string | undefined): GateResult {
  const gate = `${file}: not drifted`;
  let verdict: JsonValue;
  try {
    verdict = JSON.parse(text ?? '') as JsonValue;
  } catch {
    return { gate, ...(text !== undefined && { actual: 'no JSON' }), passed: false };
  }
  if (!isJsonObject(verdict) || verdict['v'] !== 1 || typeof verdict['drifted'] !== 'boolean') {
    return { gate, actual: 'no drift verdict of version 1', passed: false };
  }
  const { v: _, drifted, ...rest } = verdict;
  const numbers = Object.entries(rest).flatMap(([name, value]) =>
    typeof value === 'number' || typeof value === 'string' ? [`${name} ${value}`] : [],
  );
  const actual = [drifted ? 'drifted' : 'not drifted', ...numbers].slice(0, MOST_NUMBERS);
  return { gate, actual: actual.join(', '), passed: !drifted };
}

const MOST_NUMBERS = 8;

/** What asking a service showed. */
export interface Measured {
  readonly requests: number;
  readonly failures: number;
  /** Milliseconds of the answers that came, in any order. */
  readonly latencies: readonly number[];
  readonly firstFailure?: string;
}

export function judgeSlo(
  { indicator, gate }: GatePlan['slos'][number],
  seen: Measured,
): GateResult {
  const actual = measure(indicator, seen);
  const unit = indicator === 'error-rate' ? '' : ' ms';
  const of = `of ${seen.requests} requests`;
  return {
    gate: `${indicator} ${gate.comparison} ${gate.bound}${unit}`,
    ...(actual !== undefined && { actual: `${rounded(actual)}${unit} ${of}` }),
    passed: actual !== undefined && holds(gate, actual),
  };
}

function measure(indicator: Indicator, seen: Measured): number | undefined {
  const { requests, failures, latencies } = seen;
  if (indicator === 'error-rate') return requests === 0 ? undefined : failures / requests;
  if (latencies.length === 0) return undefined;
  if (indicator === 'mean') return latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length;
  const rank = Math.ceil((Number(indicator.slice(1)) / 100) * latencies.length);
  return latencies.toSorted((a, b) => a - b)[rank - 1];
}

const rounded = (value: number): string => String(Number(value.toPrecision(3)));

/** The results, each of them told; a problem with every number when one stands in the way. */
export function judged(
  results: readonly GateResult[],
  { override }: Pick<GatePlan, 'override'>,
  { notify }: { readonly notify: (message: string) => void },
): Result<readonly GateResult[], Problem> {
  for (const { gate, actual, passed } of results) {
    const found = actual === undefined ? '' : ` (${actual})`;
    notify(`gate ${gate}: ${passed ? 'holds' : 'does not hold'}${found}`);
  }
  const failed = results.filter(({ passed }) => !passed);
  if (failed.length === 0) return ok(results);
  if (override !== undefined) {
    notify(`overridden: ${override}`);
    return ok(results);
  }
  return err({
    kind: 'stage',
    diagnostics: failed.map(({ gate, actual }, index) => ({
      severity: 'error',
      code: 'gate/failed',
      message: `${gate} does not hold: ${actual ?? 'nothing to measure'}`,
      ...(index === failed.length - 1 && {
        hint: "--override 'REASON' goes on all the same, and is recorded",
      }),
    })),
  });
}

/** What a record keeps of gates: all of them, and the reason where it was needed. */
export const recordOf = (
  gates: readonly GateResult[],
  { override }: Pick<GatePlan, 'override'>,
): { readonly gates?: readonly GateResult[]; readonly override?: string } => ({
  ...(gates.length > 0 && { gates }),
  ...(override !== undefined && gates.some(({ passed }) => !passed) && { override }),
});

/** The trace that a request belongs to, as Google's front end or any tracer names it; pure. */

export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits; undefined where only the trace is known. */
  readonly spanId: string | undefined;
  readonly sampled: boolean;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Out of `traceparent` (W3C), else `X-Cloud-Trace-Context`. Anything that is not exactly as specified counts as absent. */
export function traceOf(headers: Headers): Trace | undefined {
  return (
    parseTraceparent(textOf(headers['traceparent'])) ??
    parseCloudTrace(textOf(headers['x-cloud-trace-context']))
  );
}

/** The fields under which Cloud Logging shows a log line beside its trace. Without a project the trace is named by its id alone. */
export function traceFields(
  trace: Trace | undefined,
  project: string,
): Readonly<Record<string, unknown>> {
  if (trace === undefined) return {};
  const { traceId, spanId, sampled } = trace;
  return {
    'logging.googleapis.com/trace':
      project === '' ? traceId : `projects/${project}/traces/${traceId}`,
    ...(spanId === undefined ? {} : { 'logging.googleapis.com/spanId': spanId }),
    'logging.googleapis.com/trace_sampled': sampled,
  };
}

function parseTraceparent(header: string): Trace | undefined {
  const [, version, traceId, spanId, flags] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/.exec(header) ?? [];
  if (version === undefined || version === 'ff' || traceId === undefined || spanId === undefined) {
    return undefined;
  }
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (parseInt(flags ?? '0', 16) & 1) === 1 };
}

/** `TRACE_ID/SPAN_ID;o=OPTIONS`, the span as a decimal number. */
function parseCloudTrace(header: string): Trace | undefined {
  const [, traceId, span, options] =
    /^([0-9a-f]{32})(?:\/(\d{1,20}))?(?:;o=(\d))?$/i.exec(header) ?? [];
  if (traceId === undefined || /^0+$/.test(traceId)) return undefined;
  const spanId = BigInt.asUintN(64, BigInt(span ?? 0));
  return {
    traceId: traceId.toLowerCase(),
    spanId: spanId === 0n ? undefined : spanId.toString(16).padStart(16, '0'),
    sampled: options === '1',
  };
}

function textOf(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

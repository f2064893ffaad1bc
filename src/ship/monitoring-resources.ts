import type { JsonObject } from '../model/json.ts';
import type {
  BurnRate,
  MonitoringSettings,
  Objective,
  Threshold,
  WantedResource,
} from '../model/monitoring.ts';
import { dashboardOf } from './monitoring-dashboard.ts';
import { METRICS, metricFilter, sloName, type ObjectiveName } from './monitoring-names.ts';

/** Stands for the name of a channel of ours, which only the API can give. */
const REFERENCE = 'channel:';

const referenceTo = (key: string): string => `${REFERENCE}${key}`;

/** The key behind a reference, undefined for a name. */
export const referredKey = (text: string): string | undefined =>
  text.startsWith(REFERENCE) ? text.slice(REFERENCE.length) : undefined;

/** Every resource that the settings ask for, in the order in which they can be made. */
export function wantedResources(settings: MonitoringSettings): readonly WantedResource[] {
  const objectives = objectivesOf(settings);
  return [
    ...(objectives.length > 0 ? [serviceOf(settings)] : []),
    ...objectives.map(({ wanted }) => wanted),
    ...channelsOf(settings),
    ...objectives.flatMap(({ name }) => burnAlertsOf(name, settings)),
    ...thresholdAlertsOf(settings),
    ...(settings.dashboard
      ? [
          dashboardOf(
            settings,
            objectives.map(({ name }) => name),
          ),
        ]
      : []),
  ];
}

function serviceOf({ service, region }: MonitoringSettings): WantedResource {
  return {
    kind: 'service',
    key: 'service',
    title: `${service} in ${region}`,
    body: {
      displayName: `${service} (${region})`,
      cloudRun: { serviceName: service, location: region },
    },
  };
}

interface WantedObjective {
  readonly name: ObjectiveName;
  readonly wanted: WantedResource;
}

function objectivesOf(settings: MonitoringSettings): readonly WantedObjective[] {
  const { availability, latency, cpu } = settings.slos;
  const filter = (metric: string, more?: string): string => metricFilter(metric, settings, more);
  const of = (
    name: ObjectiveName,
    title: string,
    { goal, windowDays }: Objective,
    requestBased: JsonObject,
  ): WantedObjective => ({
    name,
    wanted: {
      kind: 'slo',
      key: name,
      title: `${share(goal)} ${title} over ${windowDays} days`,
      body: {
        displayName: `${share(goal)} ${title}`,
        goal,
        rollingPeriod: seconds(windowDays * 86_400),
        serviceLevelIndicator: { requestBased },
      },
    },
  });
  return [
    ...(availability === undefined
      ? []
      : [
          of('availability', 'of requests without a 5xx', availability, {
            goodTotalRatio: {
              totalServiceFilter: filter(METRICS.requests),
              badServiceFilter: filter(
                METRICS.requests,
                ' metric.labels.response_code_class="5xx"',
              ),
            },
          }),
        ]),
    ...(latency === undefined
      ? []
      : [
          of('latency', `of requests within ${latency.belowMs} ms`, latency, {
            distributionCut: {
              distributionFilter: filter(METRICS.latencies),
              range: { min: 0, max: latency.belowMs },
            },
          }),
        ]),
    ...(cpu === undefined
      ? []
      : [
          of('cpu', `of samples below ${share(cpu.below)} CPU`, cpu, {
            distributionCut: {
              distributionFilter: filter(METRICS.cpu),
              range: { min: 0, max: cpu.below },
            },
          }),
        ]),
  ];
}

function channelsOf({ channels, service }: MonitoringSettings): readonly WantedResource[] {
  return Object.entries(channels).flatMap(([name, channel]) =>
    channel.kind === 'existing'
      ? []
      : [
          {
            kind: 'channel',
            key: name,
            title: `mail to ${channel.address}`,
            body: {
              displayName: `${service}: ${name}`,
              type: 'email',
              labels: { email_address: channel.address },
            },
          } satisfies WantedResource,
        ],
  );
}

/**
 * Two windows, both of which have to burn: the long one so that a blip wakes nobody, the short one so that the alert ends
 * soon after the fault (Google's SRE workbook, chapter 5, "multiwindow, multi-burn-rate alerts").
 */
function burnAlertsOf(
  name: ObjectiveName,
  settings: MonitoringSettings,
): readonly WantedResource[] {
  return (['fast', 'slow'] as const).map((speed) => {
    const { rate, windowSeconds, shortSeconds }: BurnRate = settings.burnRates[speed];
    const condition = (window: number): JsonObject => ({
      displayName: `burns ${rate} times too fast over ${duration(window)}`,
      conditionThreshold: {
        filter: `select_slo_burn_rate("${sloName(settings, name)}", "${window}s")`,
        comparison: 'COMPARISON_GT',
        thresholdValue: rate,
        duration: seconds(0),
      },
    });
    return policy(settings, {
      key: `${name}-${speed}-burn`,
      title: `${name}: ${speed} burn`,
      severity: speed === 'fast' ? 'CRITICAL' : 'WARNING',
      about: `The error budget of ${name} burns more than ${rate} times too fast, over ${duration(windowSeconds)} and over ${duration(shortSeconds)}.`,
      conditions: [condition(windowSeconds), condition(shortSeconds)],
    });
  });
}

function thresholdAlertsOf(settings: MonitoringSettings): readonly WantedResource[] {
  const { requests, cpu, ingress } = settings.alerts;
  const of = (
    key: string,
    metric: string,
    { above, forSeconds }: Threshold,
    [aligner, reducer]: readonly [string, string],
    what: string,
  ): WantedResource =>
    policy(settings, {
      key,
      title: `${key}: ${what}`,
      severity: 'WARNING',
      about: `${what}, for ${duration(forSeconds)}.`,
      conditions: [
        {
          displayName: what,
          conditionThreshold: {
            filter: metricFilter(metric, settings),
            aggregations: [
              {
                alignmentPeriod: seconds(60),
                perSeriesAligner: aligner,
                crossSeriesReducer: reducer,
              },
            ],
            comparison: 'COMPARISON_GT',
            thresholdValue: above,
            duration: seconds(forSeconds),
          },
        },
      ],
    });
  const rate = ['ALIGN_RATE', 'REDUCE_SUM'] as const;
  const busiest = ['ALIGN_PERCENTILE_99', 'REDUCE_MAX'] as const;
  return [
    ...(requests === undefined
      ? []
      : [
          of(
            'requests',
            METRICS.requests,
            requests,
            rate,
            `more than ${requests.above} requests a second`,
          ),
        ]),
    ...(cpu === undefined
      ? []
      : [of('cpu', METRICS.cpu, cpu, busiest, `an instance above ${share(cpu.above)} CPU`)]),
    ...(ingress === undefined
      ? []
      : [
          of(
            'ingress',
            METRICS.ingress,
            ingress,
            rate,
            `more than ${ingress.above} bytes a second come in`,
          ),
        ]),
  ];
}

function policy(
  settings: MonitoringSettings,
  {
    key,
    title,
    severity,
    about,
    conditions,
  }: {
    readonly key: string;
    readonly title: string;
    readonly severity: string;
    readonly about: string;
    readonly conditions: readonly JsonObject[];
  },
): WantedResource {
  const { service, region, notify, channels } = settings;
  return {
    kind: 'policy',
    key,
    title,
    body: {
      displayName: `${service} ${title}`,
      documentation: {
        content: `${about} Service ${service} in ${region}; declared in monitoring.yaml.`,
        mimeType: 'text/markdown',
      },
      combiner: 'AND',
      severity,
      conditions,
      notificationChannels: notify.map((name) => {
        const channel = channels[name];
        return channel?.kind === 'existing' ? channel.name : referenceTo(name);
      }),
    },
  };
}

/** As Google's protos have it. */
const seconds = (count: number): JsonObject => ({ seconds: count });

const share = (value: number): string => `${Number((value * 100).toPrecision(6))} %`;

function duration(count: number): string {
  if (count % 86_400 === 0) return `${count / 86_400} d`;
  if (count % 3600 === 0) return `${count / 3600} h`;
  return count % 60 === 0 ? `${count / 60} min` : `${count} s`;
}

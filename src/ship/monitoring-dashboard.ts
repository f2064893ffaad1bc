import type { JsonObject } from '../model/json.ts';
import type { MonitoringSettings, WantedResource } from '../model/monitoring.ts';
import { METRICS, metricFilter, sloName, type ObjectiveName } from './monitoring-names.ts';

/** The grid of a mosaic has 48 columns. */
const [WIDTH, HEIGHT, PER_ROW] = [24, 16, 2];

/** A dashboard of what the alerts look at, in the JSON of the Dashboards API. */
export function dashboardOf(
  settings: MonitoringSettings,
  objectives: readonly ObjectiveName[],
): WantedResource {
  const of = (metric: string): string => metricFilter(metric, settings);
  const widgets = [
    chart('Requests a second, by response', [
      line(of(METRICS.requests), 'ALIGN_RATE', 'REDUCE_SUM', 'metric.label.response_code_class'),
    ]),
    chart(
      'Latency in ms: median, 95 %, 99 %',
      [50, 95, 99].map((percentile) =>
        line(of(METRICS.latencies), `ALIGN_PERCENTILE_${percentile}`, 'REDUCE_MAX'),
      ),
    ),
    chart('CPU of the busiest instance', [
      line(of(METRICS.cpu), 'ALIGN_PERCENTILE_99', 'REDUCE_MAX'),
    ]),
    chart('Bytes a second that come in', [line(of(METRICS.ingress), 'ALIGN_RATE', 'REDUCE_SUM')]),
    chart('Instances', [
      line(of(METRICS.instances), 'ALIGN_MAX', 'REDUCE_SUM', 'metric.label.state'),
    ]),
    ...objectives.map((name) =>
      chart(`Error budget left: ${name}`, [
        line(
          `select_slo_budget_fraction("${sloName(settings, name)}")`,
          'ALIGN_NEXT_OLDER',
          'REDUCE_NONE',
        ),
      ]),
    ),
  ];
  const { service, region } = settings;
  return {
    kind: 'dashboard',
    key: 'dashboard',
    title: `dashboard with ${widgets.length} charts`,
    body: {
      displayName: `${service} (${region})`,
      mosaicLayout: {
        columns: 48,
        tiles: widgets.map((widget, index) => ({
          ...(index % PER_ROW > 0 && { xPos: (index % PER_ROW) * WIDTH }),
          ...(index >= PER_ROW && { yPos: Math.floor(index / PER_ROW) * HEIGHT }),
          width: WIDTH,
          height: HEIGHT,
          widget,
        })),
      },
    },
  };
}

function chart(title: string, dataSets: readonly JsonObject[]): JsonObject {
  return { title, xyChart: { dataSets } };
}

function line(filter: string, aligner: string, reducer: string, groupBy?: string): JsonObject {
  return {
    plotType: 'LINE',
    timeSeriesQuery: {
      timeSeriesFilter: {
        filter,
        aggregation: {
          alignmentPeriod: '60s',
          perSeriesAligner: aligner,
          ...(reducer !== 'REDUCE_NONE' && { crossSeriesReducer: reducer }),
          ...(groupBy !== undefined && { groupByFields: [groupBy] }),
        },
      },
    },
  };
}

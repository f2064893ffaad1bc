import type { ImagePlan } from './image-plan.ts';

/**
 * The Dockerfile of a plan, for engines: `0`, `1`, … are the copies in the context. One instruction a
 * layer, the model's last. `WORKDIR` comes after the copies, or the folder would be a layer of its own.
 */
export function dockerfileOf(plan: ImagePlan): string {
  const { copies, workdir, env, ports, user, healthcheck, entrypoint } = plan;
  const lines = [
    'ARG BASE',
    'FROM $BASE',
    ...copies.map(
      ({ destination }, index) => `COPY ${json([String(index), literal(destination)])}`,
    ),
    ...(workdir === undefined ? [] : [`WORKDIR ${quoted(workdir)}`]),
    ...env.map(([name, value]) => `ENV ${name}=${quoted(value)}`),
    ...ports.map((port) => `EXPOSE ${port}`),
    `USER ${user}:${user}`,
    'STOPSIGNAL SIGTERM',
    ...(healthcheck === undefined ? [] : [healthLine(healthcheck)]),
    ...(entrypoint === undefined ? [] : [`ENTRYPOINT ${json(entrypoint)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function healthLine({
  Test,
  Interval,
  Timeout,
  StartPeriod,
  Retries,
}: NonNullable<ImagePlan['healthcheck']>): string {
  const seconds = (name: string, value: number | undefined): string =>
    value === undefined ? '' : `--${name}=${value / 1e9}s `;
  const options = [
    seconds('interval', Interval),
    seconds('timeout', Timeout),
    seconds('start-period', StartPeriod),
    Retries === undefined ? '' : `--retries=${Retries} `,
  ];
  return `HEALTHCHECK ${options.join('')}CMD ${json(Test.slice(1))}`;
}

const json = (words: readonly string[]): string => JSON.stringify(words);

/** Variables are expanded wherever a place or a value is named, also between double quotes. */
const literal = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('$', '\\$');

const quoted = (text: string): string => `"${literal(text).replaceAll('"', '\\"')}"`;

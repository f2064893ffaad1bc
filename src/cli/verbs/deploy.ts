import { deploy, deploymentStatus } from '../../commands/deploy.ts';
import { cloudRunStatus, deployCloudRun } from '../../commands/deploy-cloud-run.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { parseWords } from '../arguments.ts';
import { withDeployments } from '../compose-ship.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import type { Deployment } from '../../model/deployment.ts';
import type { ProjectFiles } from '../../ports/project-files.ts';
import type { LocationOptions } from '../../ship/cloud-location.ts';
import { atMostOneWord, oneWord } from '../one-word.ts';
import { tellProblem } from '../tell-problem.ts';
import {
  given,
  milliseconds,
  GATE_OPTIONS,
  PLACE_OPTIONS,
  ROLLOUT_OPTIONS,
  tellPromoted,
} from './ship-words.ts';

/** Where requests are split among revisions; elsewhere they would mean nothing. */
const CLOUD_OPTIONS = {
  ...PLACE_OPTIONS,
  ...ROLLOUT_OPTIONS,
  repository: { type: 'string' },
  cpu: { type: 'string' },
  memory: { type: 'string' },
  concurrency: { type: 'string' },
  'min-instances': { type: 'string' },
  'max-instances': { type: 'string' },
  secret: { type: 'string', multiple: true, default: [] as string[] },
  'service-account': { type: 'string' },
  ingress: { type: 'string' },
  'allow-unauthenticated': { type: 'boolean' },
  traffic: { type: 'boolean', default: true },
  monitoring: { type: 'string' },
} as const;

const OPTIONS = {
  ...CLOUD_OPTIONS,
  ...GATE_OPTIONS,
  name: { type: 'string' },
  tag: { type: 'string' },
  target: { type: 'string', default: 'local' },
  port: { type: 'string' },
  health: { type: 'string' },
  timeout: { type: 'string' },
  env: { type: 'string', multiple: true, default: [] as string[] },
  record: { type: 'string' },
  engine: { type: 'string' },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const { project, region, endpoint, target } = options;
  const place = given({ project, region, endpoint });
  if (positionals[0] === 'status') {
    const name = atMostOneWord(positionals.slice(1), 'deploy status');
    return name.ok
      ? status({ ...given({ name: name.value }), target, ...place }, io)
      : tellProblem(name.error, io);
  }
  const image = oneWord(positionals, 'deploy', 'an image');
  if (!image.ok) return tellProblem(image.error, io);
  if (options.name === undefined) {
    const message = '`avian deploy` needs `--name NAME`';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian deploy --help'), io);
  }
  const port = wholeNumber('--port', options.port);
  if (!port.ok) return tellProblem(port.error, io);
  const timeout = milliseconds('--timeout', options.timeout);
  if (!timeout.ok) return tellProblem(timeout.error, io);
  const soak = milliseconds('--soak', options.soak);
  if (!soak.ok) return tellProblem(soak.error, io);
  const { name, env, tag, health, gate, drift, override } = options;
  const wanted = {
    ...{ image: image.value, name, target, env, cwd: io.cwd, gate },
    ...given({ tag, health, port: port.value, timeoutMs: timeout.value, drift, override }),
  };
  if (target === 'cloud-run') {
    const { repository, cpu, memory, concurrency, ingress, steps, probe } = options;
    const asked = {
      ...{ ...wanted, ...place, ...given({ repository, cpu, memory, concurrency, ingress }) },
      ...given({ minInstances: options['min-instances'], maxInstances: options['max-instances'] }),
      ...given({ serviceAccount: options['service-account'], trafficTag: options['traffic-tag'] }),
      ...given({ allowUnauthenticated: options['allow-unauthenticated'], soakMs: soak.value }),
      ...given({ steps, probe, monitoring: options.monitoring }),
      ...{ secret: options.secret, form: options.form, slo: options.slo },
      traffic: options.traffic,
    };
    return withDeployments(io, async (ports, files) => {
      const done = await deployCloudRun(asked, ports);
      if (!done.ok) return tellProblem(done.error, io);
      keep(options.record, done.value.deployment, files);
      return tellPromoted(done.value, io);
    });
  }
  const stray = strayOption(options);
  if (stray !== undefined) {
    const message = `\`--${stray}\` is for \`--target cloud-run\``;
    return tellProblem(problem('usage', 'usage/bad-option', message, 'avian deploy --help'), io);
  }
  return withDeployments(
    io,
    async (ports, files) => {
      const done = await deploy(wanted, ports);
      if (!done.ok) return tellProblem(done.error, io);
      const { kind, deployment } = done.value;
      keep(options.record, deployment, files);
      const verb = kind === 'kept' ? 'already serves' : 'serves';
      io.stderr(`${deployment.revision} ${verb}\n`);
      io.stdout(`url ${deployment.url}\n`);
      return exitStatus.ok;
    },
    options.engine,
  );
}

/** An option that only Cloud Run understands, as typed. */
function strayOption(options: { readonly [name: string]: unknown }): string | undefined {
  const isGiven = (name: string): boolean => {
    const value = options[name];
    if (name === 'traffic') return value === false;
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  };
  const stray = Object.keys(CLOUD_OPTIONS).find(isGiven);
  return stray === 'traffic' ? 'no-traffic' : stray;
}

function keep(
  path: string | undefined,
  deployment: Deployment,
  files: Pick<ProjectFiles, 'write'>,
): void {
  if (path !== undefined) files.write(path, `${JSON.stringify(deployment, null, 2)}\n`);
}

/** For people and probes: one stable line while all is well, the reason when it is not. */
function status(
  options: LocationOptions & { readonly name?: string; readonly target: string },
  io: Io,
): Promise<ExitStatus> {
  return withDeployments(io, async (ports) => {
    const answer =
      options.target === 'cloud-run'
        ? await cloudRunStatus(options, ports)
        : await deploymentStatus(options, ports);
    if (!answer.ok) return tellProblem(answer.error, io);
    io.stdout(`${answer.value.name} ${answer.value.revision} ${answer.value.url}\n`);
    return exitStatus.ok;
  });
}

function wholeNumber(
  option: string,
  text: string | undefined,
): Result<number | undefined, Problem> {
  if (text === undefined) return ok(undefined);
  if (/^[0-9]{1,9}$/.test(text)) return ok(Number(text));
  return err(problem('usage', 'usage/bad-option', `\`${option} ${text}\` is no whole number`));
}

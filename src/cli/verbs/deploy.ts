import { deploy, deploymentStatus } from '../../commands/deploy.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { parseWords } from '../arguments.ts';
import { withDeployments } from '../compose-ship.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  name: { type: 'string' },
  tag: { type: 'string' },
  target: { type: 'string', default: 'local' },
  port: { type: 'string' },
  health: { type: 'string' },
  timeout: { type: 'string' },
  env: { type: 'string', multiple: true, default: [] as string[] },
  record: { type: 'string' },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (positionals[0] === 'status') {
    return status(positionals.slice(1), options.target, io);
  }
  const image = oneWord(positionals, 'deploy', 'an image directory');
  if (!image.ok) return tellProblem(image.error, io);
  if (options.name === undefined) {
    const message = '`avian deploy` needs `--name NAME`';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian deploy --help'), io);
  }
  const { name, target, env } = options;
  const port = wholeNumber('--port', options.port);
  if (!port.ok) return tellProblem(port.error, io);
  const seconds = wholeNumber('--timeout', options.timeout?.replace(/s$/, ''));
  if (!seconds.ok) return tellProblem(seconds.error, io);
  const wanted = {
    image: image.value,
    name,
    target,
    env,
    cwd: io.cwd,
    ...(options.tag !== undefined && { tag: options.tag }),
    ...(options.health !== undefined && { health: options.health }),
    ...(port.value !== undefined && { port: port.value }),
    ...(seconds.value !== undefined && { timeoutMs: seconds.value * 1000 }),
  };
  return withDeployments(io, async (ports, files) => {
    const done = await deploy(wanted, ports);
    if (!done.ok) return tellProblem(done.error, io);
    const { kind, deployment } = done.value;
    if (options.record !== undefined) {
      files.write(options.record, `${JSON.stringify(deployment, null, 2)}\n`);
    }
    const verb = kind === 'kept' ? 'already serves' : 'serves';
    io.stderr(`${deployment.revision} ${verb}\n`);
    io.stdout(`url ${deployment.url}\n`);
    return exitStatus.ok;
  });
}

/** For people and probes: one stable line while all is well, the reason when it is not. */
function status(words: readonly string[], target: string, io: Io): Promise<ExitStatus> {
  return withDeployments(io, async (ports) => {
    const [name] = words;
    const answer = await deploymentStatus({ ...(name !== undefined && { name }), target }, ports);
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

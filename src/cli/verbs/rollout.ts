import { promote, rolloutRollback, rolloutStatus } from '../../commands/rollout.ts';
import { rolloutJson, rolloutText } from '../../report/rollout.ts';
import { parseWords } from '../arguments.ts';
import { withDeployments } from '../compose-ship.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { atMostOneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { tellProblem } from '../tell-problem.ts';
import {
  given,
  milliseconds,
  GATE_OPTIONS,
  ROLLOUT_OPTIONS,
  PLACE_OPTIONS,
  tellPromoted,
} from './ship-words.ts';

const OPTIONS = {
  ...PLACE_OPTIONS,
  ...ROLLOUT_OPTIONS,
  ...GATE_OPTIONS,
  timeout: { type: 'string' },
  target: { type: 'string' },
  revision: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('rollout', ['status', 'promote', 'rollback'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  const name = atMostOneWord(verb.value.rest, `rollout ${verb.value.name}`);
  if (!name.ok) return tellProblem(name.error, io);
  const soak = milliseconds('--soak', options.soak);
  if (!soak.ok) return tellProblem(soak.error, io);
  const timeout = milliseconds('--timeout', options.timeout);
  if (!timeout.ok) return tellProblem(timeout.error, io);
  const { target, revision, project, region, endpoint } = options;
  const where = given({ name: name.value, target, project, region, endpoint });

  return withDeployments(io, async (ports) => {
    switch (verb.value.name) {
      case 'status': {
        const view = await rolloutStatus(where, ports);
        return show(view, { text: rolloutText, json: rolloutJson }, options.json, io);
      }
      case 'promote': {
        const { steps, probe, form, gate, drift, slo, override } = options;
        const trafficTag = options['traffic-tag'];
        const done = await promote(
          {
            ...where,
            ...given({ revision, steps, trafficTag, probe, drift, override }),
            ...given({ soakMs: soak.value, timeoutMs: timeout.value }),
            ...{ form, gate, slo, cwd: io.cwd },
          },
          ports,
        );
        return done.ok ? tellPromoted(done.value, io) : tellProblem(done.error, io);
      }
      case 'rollback': {
        const timeoutMs = timeout.value;
        const back = await rolloutRollback({ ...where, ...given({ revision, timeoutMs }) }, ports);
        if (!back.ok) return tellProblem(back.error, io);
        io.stderr(`${back.value.from} -> ${back.value.deployment.revision}\n`);
        io.stdout(`url ${back.value.deployment.url}\n`);
        return exitStatus.ok;
      }
    }
  });
}

import { OVERRIDES, type Verbs } from '../verb.ts';

export const run: Verbs = {
  repro: {
    summary: 'run the stages whose inputs changed',
    help: `usage: avian repro [targets] [overrides] [options]
${OVERRIDES}

  -j, --jobs N         commands at the same time (default: number of cores)
  -f, --force          run the targets (or everything) even if nothing changed
  -s, --single         only the targets, not what they need
  -k, --keep-going     go on with stages that do not need a failed one
      --downstream     the targets and everything behind them
      --dry            say what would run, and run nothing
      --exit-code      with --dry: exit 3 when something would run
      --glob           targets are patterns over names of stages: 'train@*'
      --pull           bring missing data, and outs of colleagues' runs, from the remote
  -r, --remote NAME    the same, from this remote
      --allow-missing  data that only the lock knows is no reason to run; with --pull it comes only
                       where a command reads it
      --timeout TIME   cancel what still runs after 90s, 10m, 1h30m; exit 1
      --no-run-cache   do not restore outs of earlier runs
      --no-probe       believe what probes said last
      --trace          watch which files the commands read and write, and tell what is undeclared
      --tui            on a screen of its own, as \`avian tui\`; AVIAN_TUI=1 makes it the default,
                       --no-tui or AVIAN_TUI=0 forbids it
      --json           events as JSON lines on stdout`,
    load: () => import('../verbs/repro.ts'),
  },
  run: {
    summary: 'run a task declared in pipeline.yaml',
    help: `usage: avian run <task> [words]

Words after the task's name go to its command.`,
    load: async () => (await import('../rare-verbs.ts')).run,
  },
  commit: {
    summary: 'take what lies in the workspace for the result of a run',
    help: `usage: avian commit [stage | path]… [overrides] [options]

Digests and stores outs that were made by hand, and records a run marked as adopted: lineage, why and
logs tell it. Without targets, every stage whose deps and outs are there, and every changed source.
Gates and probes have to hold, as after a run. Never asks: a stage whose inputs changed since its
last run is refused, unless forced.

  -f, --force          also where inputs changed: you say that the outs belong to them
      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).commit,
  },
  freeze: {
    summary: 'keep stages as they are, whatever changes',
    help: 'usage: avian freeze <stage>… [--json]\n\nWrites `frozen: true` into pipeline.yaml.',
    load: async () => (await import('../rare-verbs.ts')).freeze,
  },
  unfreeze: {
    summary: 'let frozen stages run again',
    help: 'usage: avian unfreeze <stage>… [--json]',
    load: async () => (await import('../rare-verbs.ts')).unfreeze,
  },
};

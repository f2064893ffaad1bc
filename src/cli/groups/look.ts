import { OVERRIDES, type Verbs } from '../verb.ts';

export const look: Verbs = {
  tui: {
    summary: 'watch, start and stop stages on a screen of its own',
    help: `usage: avian tui [overrides] [options]

The stages with their states, the log of one, why it runs, its lineage and its runs. Starts and
stops runs, pushes and pulls; shows a run in another terminal. ? lists the keys. Where there is no terminal, in CI, with TERM=dumb or
AVIAN_TUI=0 it says so and prints what \`avian status\` prints; with INK_SCREEN_READER=true too.

  -j, --jobs N         commands at the same time (default: number of cores)`,
    load: async () => (await import('../tui-verbs.ts')).tui,
  },
  status: {
    summary: 'what is up to date, restorable or stale, and why',
    help: `usage: avian status [targets] [overrides] [options]
${OVERRIDES}

      --json           {"v":1,"stages":[{"name","verdict","reasons":[…]}]}
      --exit-code      exit 3 when something is not up to date
  -q, --quiet          print nothing; implies --exit-code
      --no-probe       do not run probes
  -c, --cloud          compare the cache with the remote instead
  -r, --remote NAME    the same, with this remote`,
    load: () => import('../verbs/status.ts'),
  },
  why: {
    summary: 'why a stage would run: old and new values, up to the root change',
    help: `usage: avian why <stage> [overrides] [options]

      --json           the same facts as JSON
      --all            every reason, not the first few
      --no-probe       do not run probes`,
    load: async () => (await import('../rare-verbs.ts')).why,
  },
  dag: {
    summary: 'the graph of stages',
    help: `usage: avian dag [targets] [options]

      --mermaid        for a README on GitHub
      --dot            for Graphviz: avian dag --dot | dot -Tsvg`,
    load: async () => (await import('../rare-verbs.ts')).dag,
  },
  logs: {
    summary: 'what a stage printed, for every run of it',
    help: `usage: avian logs <stage> [options]

      --run ID         a run or attempt by the start of its id, or -2 for the last but one
      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).logs,
  },
  deps: {
    summary: 'the deps and outs that stages lack, by what they were seen to read and write',
    help: `usage: avian deps suggest [targets] [options]

From the latest run under \`avian repro --trace\`: prints the lines to add to pipeline.yaml and
those to remove, each under its stage.

      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).deps,
  },
  verify: {
    summary: 'for CI, without data: does pipeline.lock belong to pipeline.yaml, params and code?',
    help: `usage: avian verify [targets] [overrides] [options]

Outs and sources count with the digests that pipeline.lock holds, so no data has to be there. Gates
are held against the recorded metrics, where these are at hand. Exits 3 when something is stale, 1 when
a gate does not hold, 2 when a file is invalid; what could not be checked is told.

      --json           {"v":1,"stages":[{"name","state","reasons":[…],"gates":[…]}],…}
  -q, --quiet          print nothing`,
    load: async () => (await import('../rare-verbs.ts')).verify,
  },
};

import type { ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';

/** Runs a verb with the words after its name. */
export type Verb = (words: readonly string[], io: Io) => Promise<ExitStatus>;

export interface VerbEntry {
  readonly summary: string;
  /** Usage and options, as `avian <verb> --help` prints them. */
  readonly help: string;
  /** Loaded when used, so that `--help` and a no-op load nothing they do not need. */
  readonly load: () => Promise<{ readonly run: Verb }>;
}

const OVERRIDES = `
A word with \`=\` overrides the configuration, as in Hydra: train.lr=3e-4 experiment=exp1
+new.key=1 ~old.key. Any other word is a target: a stage, all stages of a group (\`train\` for
train@a, train@b), or a path that a stage writes.`;

/** In the order a newcomer meets them. */
export const verbs: { readonly [name: string]: VerbEntry } = {
  init: {
    summary: 'start a project here, and have git merge its lock by stage',
    help: `usage: avian init

Writes pipeline.yaml, .gitignore and .gitattributes where they are missing, never over a file, and
installs the merge driver for pipeline.lock in this clone: call it again after \`git clone\`.`,
    load: async () => (await import('./rare-verbs.ts')).init,
  },
  'import-dvc': {
    summary: 'turn a DVC project into one of avian',
    help: `usage: avian import-dvc [folder] [options]

Reads dvc.yaml, dvc.lock, .dvc files and DVC's cache, and changes none of them. What was up to
date stays so. What could not be taken over is listed with what to do.

      --dry            say what would be imported; copy and write nothing
  -f, --force          replace a pipeline.yaml that is there; it is kept beside the new one
      --json           {"v":1,"stages":[…],"sources":[…],"copied","written":[…],"notes":[…]}`,
    load: async () => (await import('./rare-verbs.ts')).importDvc,
  },
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
    load: () => import('./verbs/repro.ts'),
  },
  tui: {
    summary: 'watch, start and stop stages on a screen of its own',
    help: `usage: avian tui [overrides] [options]

The stages with their states, the log of one, why it runs, its lineage and its runs. Starts and
stops runs, pushes and pulls; shows a run in another terminal. ? lists the keys. Where there is no terminal, in CI, with TERM=dumb or
AVIAN_TUI=0 it says so and prints what \`avian status\` prints; with INK_SCREEN_READER=true too.

  -j, --jobs N         commands at the same time (default: number of cores)`,
    load: async () => (await import('./tui-verbs.ts')).tui,
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
    load: () => import('./verbs/status.ts'),
  },
  verify: {
    summary: 'for CI, without data: does pipeline.lock belong to pipeline.yaml, params and code?',
    help: `usage: avian verify [targets] [overrides] [options]

Outs and sources count with the digests that pipeline.lock holds, so no data has to be there. Gates
are held against the recorded metrics, where these are at hand. Exits 3 when something is stale, 1 when
a gate does not hold, 2 when a file is invalid; what could not be checked is told.

      --json           {"v":1,"stages":[{"name","state","reasons":[…],"gates":[…]}],…}
  -q, --quiet          print nothing`,
    load: async () => (await import('./rare-verbs.ts')).verify,
  },
  why: {
    summary: 'why a stage would run: old and new values, up to the root change',
    help: `usage: avian why <stage> [overrides] [options]

      --json           the same facts as JSON
      --all            every reason, not the first few
      --no-probe       do not run probes`,
    load: async () => (await import('./rare-verbs.ts')).why,
  },
  dag: {
    summary: 'the graph of stages',
    help: `usage: avian dag [targets] [options]

      --mermaid        for a README on GitHub
      --dot            for Graphviz: avian dag --dot | dot -Tsvg`,
    load: async () => (await import('./rare-verbs.ts')).dag,
  },
  logs: {
    summary: 'what a stage printed, for every run of it',
    help: `usage: avian logs <stage> [options]

      --run ID         a run or attempt by the start of its id, or -2 for the last but one
      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).logs,
  },
  deps: {
    summary: 'the deps and outs that stages lack, by what they were seen to read and write',
    help: `usage: avian deps suggest [targets] [options]

From the latest run under \`avian repro --trace\`: prints the lines to add to pipeline.yaml and
those to remove, each under its stage.

      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).deps,
  },
  metrics: {
    summary: 'show metrics, or compare them between revisions',
    help: `usage: avian metrics show [--json]
       avian metrics diff [before] [after] [--all] [--json]

Revisions are git revisions or run ids; HEAD and the workspace when absent.`,
    load: async () => (await import('./rare-verbs.ts')).metrics,
  },
  plots: {
    summary: 'draw the plots of pipeline.yaml, or compare them between revisions',
    help: `usage: avian plots show [targets] [options]
       avian plots diff [revision]… [--targets NAME]… [options]

Writes one HTML file that needs no network. Targets are names of plots, stages, or any data file.
Revisions are git revisions, run ids or \`workspace\`; HEAD and the workspace when absent.

      --targets NAME   only this plot; repeatable
  -o, --out FILE       default plots.html; written over only if it is such a page
      --open           show it in the browser
  -t, --template NAME  linear, simple, smooth, scatter, bar_horizontal, bar_horizontal_sorted,
                       confusion, confusion_normalized, table or images
  -x FIELD             of the horizontal axis
  -y FIELD             of the vertical axis; repeatable
      --title TEXT     above the drawing
      --x-label TEXT   of the horizontal axis
      --y-label TEXT   of the vertical axis
      --no-header      the first row of a CSV or TSV file is data
      --json           {"v":1,"revisions":[…],"plots":[{"id","kind",…}]}, and no file`,
    load: async () => (await import('./rare-verbs.ts')).plots,
  },
  report: {
    summary: 'one HTML page of it all: stages, times, plots, experiments, lineage',
    help: `usage: avian report [overrides] [options]

The page is one file, needs no network, and can be read and printed without a script. It shows
what pipeline.lock names and what lies in the files that are declared as metrics and plots; overrides
count for what is up to date, as of \`avian status\`.

  -o, --out FILE       default report.html; written over only if it is such a page
      --open           show it in the browser
      --json           {"v":1,"file","bytes","url"}`,
    load: async () => (await import('./rare-verbs.ts')).report,
  },
  exp: {
    summary: 'the table of what was tried: parameters and metrics by run',
    help: `usage: avian exp show [options]

An experiment is a chain of runs that ends in metrics, put together from lineage. Columns are the
parameters that differ and the metrics that have a direction or gate; without any of those, the
metrics that differ.

      --all            every parameter and metric
      --sort-by NAME   a parameter or metric; the best first where its direction is declared
      --sort-order O   asc or desc
      --csv            comma-separated values
      --md             a Markdown table, for a pull request
      --json           {"v":1,"columns":[…],"experiments":[{"run","params","metrics",…}],…}`,
    load: async () => (await import('./rare-verbs.ts')).exp,
  },
  params: {
    summary: 'compare parameters between revisions',
    help: `usage: avian params diff [before] [after] [--all] [--json]

Revisions are git revisions or run ids; HEAD and the workspace when absent.`,
    load: async () => (await import('./rare-verbs.ts')).params,
  },
  diff: {
    summary: 'compare data, outs and deps between git revisions',
    help: `usage: avian diff [before] [after] [options]

What was added, deleted, modified or renamed, with the files inside directories. HEAD and the
workspace when absent.

      --targets PATH   only what lies there; repeatable
      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).diff,
  },
  lineage: {
    summary: 'where content came from, and what was made of it',
    help: `usage: avian lineage <path | run | digest> [options]

      --up             what it was made from (default)
      --down           what was made of it, down to deployments
      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).lineage,
  },
  add: {
    summary: 'keep raw data in the cache and pin it in pipeline.lock',
    help: 'usage: avian add <path>…\n\nThe path is added to the .gitignore beside it.',
    load: async () => (await import('./rare-verbs.ts')).add,
  },
  'import-url': {
    summary: 'fetch raw data by URL, keep it and pin where it came from',
    help: `usage: avian import-url <url> [path]

http, https, file, or a path outside the project. The path is added to the .gitignore beside it.

      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).importUrl,
  },
  update: {
    summary: 'fetch imported data again where it changed',
    help: `usage: avian update [path]…

All that was imported, when no path is given.

      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).update,
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
    load: async () => (await import('./rare-verbs.ts')).commit,
  },
  checkout: {
    summary: 'make the workspace hold what pipeline.lock names',
    help: `usage: avian checkout [stage | path]… [options]

      --ours           settle what branches changed apart before a merge: take what this one had
      --theirs         … what the other had, in workspace and lock`,
    load: async () => (await import('./rare-verbs.ts')).checkout,
  },
  remove: {
    summary: 'take a stage or a source out of the project',
    help: `usage: avian remove <stage | path> [options]

Takes a stage, all that a list or matrix makes, or a source out of pipeline.yaml, whose comments and order stay, and of pipeline.lock. Files stay unless
asked for; the cache keeps its content either way.

      --outs           delete its files from the workspace, as far as the cache holds them
      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).remove,
  },
  move: {
    summary: 'give a stage another name, or an out or source another path',
    help: `usage: avian move <stage | path> <stage | path> [--json]

Changes pipeline.yaml, pipeline.lock, .gitignore and the workspace together. A renamed stage is as up
to date as before. A path is part of what a stage is: stages that read or write it run again, and the
answer names them; commands that say the old path are named too, and are yours to change.`,
    load: async () => (await import('./rare-verbs.ts')).move,
  },
  freeze: {
    summary: 'keep stages as they are, whatever changes',
    help: 'usage: avian freeze <stage>… [--json]\n\nWrites `frozen: true` into pipeline.yaml.',
    load: async () => (await import('./rare-verbs.ts')).freeze,
  },
  unfreeze: {
    summary: 'let frozen stages run again',
    help: 'usage: avian unfreeze <stage>… [--json]',
    load: async () => (await import('./rare-verbs.ts')).unfreeze,
  },
  push: {
    summary: 'send what pipeline.lock names, and the runs behind it, to a remote',
    help: `usage: avian push [stage | path | pattern]… [options]

  -j, --jobs N         transfers at the same time (default: 8)
  -r, --remote NAME    this remote of pipeline.yaml, not the default one
      --dry            say what would be sent, and send nothing
      --json           {"v":1,"objects","bytes",…}

Killed or interrupted, the next push goes on where it stopped.`,
    load: async () => (await import('./remote-verbs.ts')).push,
  },
  pull: {
    summary: 'bring what pipeline.lock names from a remote into cache and workspace',
    help: `usage: avian pull [stage | path | pattern]… [options]

A path may lie inside of a tracked directory: only that part comes.

  -j, --jobs N         transfers at the same time (default: 8)
  -r, --remote NAME    this remote of pipeline.yaml, not the default one
      --allow-missing  go on without what the remote does not have
      --dry            say what would come, and bring nothing
      --json           {"v":1,"objects","bytes","missing":[…],"restored":[…]}`,
    load: async () => (await import('./remote-verbs.ts')).pull,
  },
  fetch: {
    summary: 'as pull, into the cache only',
    help: 'usage: avian fetch [stage | path | pattern]… [options]\n\nOptions as of `avian pull`.',
    load: async () => (await import('./remote-verbs.ts')).fetch,
  },
  ls: {
    summary: 'what pipeline.lock names, and what lies in its directories',
    help: `usage: avian ls [path] [options]

Directories are read from the cache, and from the remote where it lacks them; nothing is fetched.

  -R, --recursive      every file below
      --rev REV        as of this git revision
  -r, --remote NAME    mark what this remote does not have
  -j, --jobs N         requests at the same time (default: 8)
      --json           {"v":1,"path","entries":[{"path","kind","size","files","digest",…}]}`,
    load: async () => (await import('./remote-verbs.ts')).ls,
  },
  cat: {
    summary: 'the bytes of a file that pipeline.lock names, on stdout',
    help: `usage: avian cat <path> [options]

The file may lie inside of a tracked directory. What the cache lacks comes from the remote first.

      --rev REV        as of this git revision
  -r, --remote NAME    this remote of pipeline.yaml, not the default one
  -j, --jobs N         transfers at the same time (default: 8)`,
    load: async () => (await import('./remote-verbs.ts')).cat,
  },
  export: {
    summary: 'data as plain files with their own names, in a folder or a bucket',
    help: `usage: avian export [stage | path | pattern]… <folder | gs://bucket/prefix> [options]

Each file at its path of the project, below the destination: data/birds/robin.jpg. All data without targets. What the
cache lacks comes from the remote first. Nothing that lies there is overwritten; what has the same content is left.

  -f, --force          replace files that differ
      --rev REV        as of this git revision
  -r, --remote NAME    this remote of pipeline.yaml, not the default one
  -j, --jobs N         transfers at the same time (default: 8)
      --json           {"v":1,"to","files","bytes","same",…}`,
    load: async () => (await import('./remote-verbs.ts')).exportData,
  },
  remote: {
    summary: 'the remotes of pipeline.yaml: add, list, default, modify, remove',
    help: `usage: avian remote add NAME URL [--endpoint URL] [--default]
       avian remote list [--json]
       avian remote default NAME | --unset
       avian remote modify NAME [--url URL] [--endpoint URL]
       avian remote remove NAME

URL is gs://BUCKET/PREFIX or file:///DIRECTORY. Comments of pipeline.yaml stay.

  -d, --default        push and pull mean this one when none is named
      --endpoint URL   instead of Google's own address; '' takes it away again`,
    load: async () => (await import('./remote-verbs.ts')).remote,
  },
  'merge-lock': {
    summary: 'merge a pipeline.lock that git could not',
    help: `usage: avian merge-lock [--json]
       avian merge-lock BASE OURS THEIRS

Merges by stage and source. What two branches changed stands in the lock with both sides, and is
stale until \`avian repro\`, \`avian add\` or \`avian checkout --ours|--theirs\` settles it.
The second form is what git calls once \`avian init\` has installed it; the result replaces OURS.`,
    load: async () => (await import('./rare-verbs.ts')).mergeLock,
  },
  gc: {
    summary: 'free the space of what nothing needs; can be undone',
    help: `usage: avian gc [options]
       avian gc --undo [ID]
       avian gc --remote [NAME] [--drop COMMIT]… [--force]

Needed is what pipeline.lock, the locks of all commits and a deployment name, recent runs, and raw
data. The rest goes to the trash when it is known to lie elsewhere as well, and for good 7 days later.

      --dry            say what would go, by stage and age
  -f, --force          let it go without a copy elsewhere
      --older-than T   runs and leftovers younger than this stay; default 14d
      --keep-runs N    the newest N runs of every stage stay too; default 0
      --empty-trash    remove all trash for good now
      --undo [ID]      put back what the newest gc, or this one, took
      --remote         of the default remote, or that of this name: say what no pushed commit and no
                       deployment needs; with --force it is condemned, and deleted by a gc a day later
      --drop COMMIT    with --remote: give a pushed commit up; repeatable
      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).gc,
  },
  cost: {
    summary: 'what transfers asked of a remote, what lies there, and what that costs',
    help: `usage: avian cost [NAME]… [options]

Requests as Google bills them (A creates and lists, B reads), bytes moved by this machine's transfers,
and what is stored, with the prices of remotes.NAME.prices in pipeline.yaml.

      --offline        do not ask the remote what is stored
      --json           {"v":1,"remotes":[{"last","all","stored",…}]}`,
    load: async () => (await import('./remote-verbs.ts')).cost,
  },
  fsck: {
    summary: 'read all of the cache, or of a remote, and heal one from the other',
    help: `usage: avian fsck [--repair]
       avian fsck --remote [NAME] [--repair]

Every object is read and compared with its digest, and every directory with what it names. Exit code
5: something is damaged (with --repair: and could not be healed).

      --remote         a remote: its packs, blobs, index and roots; all of it is downloaded once
      --repair         bring what is damaged from the other side, and name what cannot be healed
  -j, --jobs N         transfers at the same time (default: 8)
      --json           {"v":1,…}`,
    load: async () => (await import('./remote-verbs.ts')).fsck,
  },
  du: {
    summary: 'what takes the space: by stage, by source, and beside them',
    help: `usage: avian du [path]… [options]

      --json           the same as JSON`,
    load: async () => (await import('./rare-verbs.ts')).du,
  },
  image: {
    summary: 'build an OCI image without a daemon, or look into one',
    help: `usage: avian image build --output DIR --copy SRC:DST… --entrypoint CMD [options]
       avian image inspect DIR [--json]

  -o, --output DIR       where the OCI layout is written
      --copy SRC:DST     a file or folder and its absolute place in the image; one layer each
      --entrypoint CMD   what the container starts, split at spaces
      --base BASE        node (Node and the libraries needed, default), scratch or oci:DIR
      --workdir DIR      absolute; default /app
      --env K=V          repeatable
      --expose PORT      repeatable
      --label K=V        repeatable
      --user UID         default 65532
      --tag NAME         name in the layout's index`,
    load: async () => (await import('./rare-verbs.ts')).image,
  },
  deploy: {
    summary: 'put an image into service, or ask whether it serves',
    help: `usage: avian deploy <image dir> --name NAME [options]
       avian deploy status [NAME]

      --target local     where it runs (local)
      --port N           0 takes a free port and keeps it for later revisions
      --health PATH      must answer 200 before traffic is switched; default /healthz
      --timeout S        seconds to wait for that; default 60
      --env K=V          repeatable
      --record FILE      writes the deployment's record as JSON`,
    load: async () => (await import('./rare-verbs.ts')).deploy,
  },
  stop: {
    summary: 'stop a deployment',
    help: 'usage: avian stop [deployment]',
    load: async () => (await import('./rare-verbs.ts')).stop,
  },
  rollback: {
    summary: 'put the previous revision of a deployment back into service',
    help: 'usage: avian rollback [deployment]',
    load: async () => (await import('./rare-verbs.ts')).rollback,
  },
  run: {
    summary: 'run a task declared in pipeline.yaml',
    help: `usage: avian run <task> [words]

Words after the task's name go to its command.`,
    load: async () => (await import('./rare-verbs.ts')).run,
  },
  doctor: {
    summary: 'look at the installation and the project',
    help: `usage: avian doctor [--json]
       avian doctor --remote [NAME] [--json]

      --remote         try a remote instead: credentials, list, put, get, delete, and its clock`,
    load: async () => (await import('./rare-verbs.ts')).doctor,
  },
  completion: {
    summary: 'complete commands, options and stages in bash, zsh or fish',
    help: `usage: avian completion bash|zsh|fish

Prints a script for the shell:

  bash    in ~/.bashrc: eval "$(avian completion bash)"
  zsh     in ~/.zshrc, after compinit: eval "$(avian completion zsh)"
  fish    in ~/.config/fish/completions/avian.fish: avian completion fish | source`,
    load: async () => (await import('./verbs/completion.ts')).completionOf(verbs),
  },
};

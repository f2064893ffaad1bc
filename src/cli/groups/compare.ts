import type { Verbs } from '../verb.ts';

export const compare: Verbs = {
  metrics: {
    summary: 'show metrics, or compare them between revisions',
    help: `usage: avian metrics show [--json]
       avian metrics diff [before] [after] [--all] [--json]

Revisions are git revisions or run ids; HEAD and the workspace when absent.`,
    load: async () => (await import('../rare-verbs.ts')).metrics,
  },
  params: {
    summary: 'compare parameters between revisions',
    help: `usage: avian params diff [before] [after] [--all] [--json]

Revisions are git revisions or run ids; HEAD and the workspace when absent.`,
    load: async () => (await import('../rare-verbs.ts')).params,
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
    load: async () => (await import('../rare-verbs.ts')).plots,
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
    load: async () => (await import('../rare-verbs.ts')).exp,
  },
  diff: {
    summary: 'compare data, outs and deps between git revisions',
    help: `usage: avian diff [before] [after] [options]

What was added, deleted, modified or renamed, with the files inside directories. HEAD and the
workspace when absent.

      --targets PATH   only what lies there; repeatable
      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).diff,
  },
  lineage: {
    summary: 'where content came from, and what was made of it',
    help: `usage: avian lineage <path | run | digest> [options]
       avian lineage --live <url | revision> [--json]

      --up             what it was made from (default)
      --down           what was made of it, down to deployments
      --live           what answers at a URL, or as a revision: its image, model, data and commit,
                       from the records, without network
      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).lineage,
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
    load: async () => (await import('../rare-verbs.ts')).report,
  },
};

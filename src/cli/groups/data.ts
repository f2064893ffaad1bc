import type { Verbs } from '../verb.ts';

export const data: Verbs = {
  add: {
    summary: 'keep raw data in the cache and pin it in pipeline.lock',
    help: 'usage: avian add <path>…\n\nThe path is added to the .gitignore beside it.',
    load: async () => (await import('../rare-verbs.ts')).add,
  },
  'import-url': {
    summary: 'fetch raw data by URL, keep it and pin where it came from',
    help: `usage: avian import-url <url> [path]

http, https, file, or a path outside the project. The path is added to the .gitignore beside it.

      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).importUrl,
  },
  update: {
    summary: 'fetch imported data again where it changed',
    help: `usage: avian update [path]…

All that was imported, when no path is given.

      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).update,
  },
  checkout: {
    summary: 'make the workspace hold what pipeline.lock names',
    help: `usage: avian checkout [stage | path]… [options]

      --ours           settle what branches changed apart before a merge: take what this one had
      --theirs         … what the other had, in workspace and lock`,
    load: async () => (await import('../rare-verbs.ts')).checkout,
  },
  remove: {
    summary: 'take a stage or a source out of the project',
    help: `usage: avian remove <stage | path> [options]

Takes a stage, all that a list or matrix makes, or a source out of pipeline.yaml, whose comments and order stay, and of pipeline.lock. Files stay unless
asked for; the cache keeps its content either way.

      --outs           delete its files from the workspace, as far as the cache holds them
      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).remove,
  },
  move: {
    summary: 'give a stage another name, or an out or source another path',
    help: `usage: avian move <stage | path> <stage | path> [--json]

Changes pipeline.yaml, pipeline.lock, .gitignore and the workspace together. A renamed stage is as up
to date as before. A path is part of what a stage is: stages that read or write it run again, and the
answer names them; commands that say the old path are named too, and are yours to change.`,
    load: async () => (await import('../rare-verbs.ts')).move,
  },
  du: {
    summary: 'what takes the space: by stage, by source, and beside them',
    help: `usage: avian du [path]… [options]

      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).du,
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
      --drop-older-than T
                       with --remote: give up what was pushed longer ago, such as 90d, but the newest
      --json           the same as JSON`,
    load: async () => (await import('../rare-verbs.ts')).gc,
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
    load: async () => (await import('../remote-verbs.ts')).fsck,
  },
  'merge-lock': {
    summary: 'merge a pipeline.lock that git could not',
    help: `usage: avian merge-lock [--json]
       avian merge-lock BASE OURS THEIRS

Merges by stage and source. What two branches changed stands in the lock with both sides, and is
stale until \`avian repro\`, \`avian add\` or \`avian checkout --ours|--theirs\` settles it.
The second form is what git calls once \`avian init\` has installed it; the result replaces OURS.`,
    load: async () => (await import('../rare-verbs.ts')).mergeLock,
  },
};

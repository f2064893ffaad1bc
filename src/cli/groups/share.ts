import type { Verbs } from '../verb.ts';

export const share: Verbs = {
  push: {
    summary: 'send what pipeline.lock names, and the runs behind it, to a remote',
    help: `usage: avian push [stage | path | pattern]… [options]

  -j, --jobs N         transfers at the same time (default: 8)
  -r, --remote NAME    this remote of pipeline.yaml, not the default one
      --dry            say what would be sent, and send nothing
      --json           {"v":1,"objects","bytes",…}

Killed or interrupted, the next push goes on where it stopped.`,
    load: async () => (await import('../remote-verbs.ts')).push,
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
    load: async () => (await import('../remote-verbs.ts')).pull,
  },
  fetch: {
    summary: 'as pull, into the cache only',
    help: 'usage: avian fetch [stage | path | pattern]… [options]\n\nOptions as of `avian pull`.',
    load: async () => (await import('../remote-verbs.ts')).fetch,
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
    load: async () => (await import('../remote-verbs.ts')).ls,
  },
  cat: {
    summary: 'the bytes of a file that pipeline.lock names, on stdout',
    help: `usage: avian cat <path> [options]

The file may lie inside of a tracked directory. What the cache lacks comes from the remote first.

      --rev REV        as of this git revision
  -r, --remote NAME    this remote of pipeline.yaml, not the default one
  -j, --jobs N         transfers at the same time (default: 8)`,
    load: async () => (await import('../remote-verbs.ts')).cat,
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
    load: async () => (await import('../remote-verbs.ts')).exportData,
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
    load: async () => (await import('../remote-verbs.ts')).remote,
  },
  cost: {
    summary: 'what transfers asked of a remote, what lies there, and what that costs',
    help: `usage: avian cost [NAME]… [options]

Requests as Google bills them (A creates and lists, B reads), bytes moved by this machine's transfers,
and what is stored, with the prices of remotes.NAME.prices in pipeline.yaml.

      --offline        do not ask the remote what is stored
      --json           {"v":1,"remotes":[{"last","all","stored",…}]}`,
    load: async () => (await import('../remote-verbs.ts')).cost,
  },
};

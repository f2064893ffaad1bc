import type { Verbs } from '../verb.ts';

export const start: Verbs = {
  init: {
    summary: 'start a project here, and have git merge its lock by stage',
    help: `usage: avian init

Writes pipeline.yaml, .gitignore and .gitattributes where they are missing, never over a file, and
installs the merge driver for pipeline.lock in this clone: call it again after \`git clone\`.`,
    load: async () => (await import('../rare-verbs.ts')).init,
  },
  'import-dvc': {
    summary: 'turn a DVC project into one of avian',
    help: `usage: avian import-dvc [folder] [options]

Reads dvc.yaml, dvc.lock, .dvc files and DVC's cache, and changes none of them. What was up to
date stays so. What could not be taken over is listed with what to do.

      --dry            say what would be imported; copy and write nothing
  -f, --force          replace a pipeline.yaml that is there; it is kept beside the new one
      --json           {"v":1,"stages":[…],"sources":[…],"copied","written":[…],"notes":[…]}`,
    load: async () => (await import('../rare-verbs.ts')).importDvc,
  },
  doctor: {
    summary: 'look at the installation and the project',
    help: `usage: avian doctor [--json]
       avian doctor --remote [NAME] [--json]

      --remote         try a remote instead: credentials, list, put, get, delete, and its clock`,
    load: async () => (await import('../rare-verbs.ts')).doctor,
  },
};

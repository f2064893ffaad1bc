import type { Contents } from '../ports/contents.ts';
import type { InvocationLock } from '../ports/invocation-lock.ts';
import type { Ports } from '../ports/ports.ts';
import type { ProjectCache, ProjectFiles } from '../ports/project-files.ts';
import type { Revisions } from '../ports/revisions.ts';

/** What every command is given; `cli/compose.ts` makes it. */
export interface CommandContext {
  readonly ports: Ports;
  readonly files: ProjectFiles;
  readonly projectCache: ProjectCache;
  readonly revisions: Revisions;
  readonly invocationLock: InvocationLock;
  /** Ends commands of killed invocations that still run; says which stages. */
  readonly reapOrphans: () => Promise<readonly string[]>;
  readonly version: string;
  /** As a person typed it, for whoever waits: `avian repro train`. */
  readonly commandLine: string;
  readonly signal: AbortSignal;
}

/** For commands that show what files hold. */
export interface LookContext extends CommandContext {
  readonly contents: Contents;
}

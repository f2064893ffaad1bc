/** Facts about where avian runs, asked once and lazily. */
export interface Environment {
  readonly root: string;
  variable(name: string): string | undefined;
  /** Values that commands get and no log or record may hold; the longest first. */
  secrets(): readonly string[];
  /** Version of a declared tool: `node`, `python`, …, or `npm:<package>` from the npm lockfile. */
  toolVersion(tool: string): Promise<string | undefined>;
  host(): string;
  user(): string;
  platform(): string;
  /** Undefined outside a git repository. */
  git(): Promise<{ readonly commit: string; readonly dirty: boolean } | undefined>;
}

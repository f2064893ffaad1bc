/** Earlier states of the project's own text files, from git. */
export interface Revisions {
  /** A file's text at a revision; undefined when there is no git, no such revision or no such file. */
  fileAt(revision: string, path: string): Promise<string | undefined>;
}

/** Small files handed to a running command, such as its parameters. */
export interface Scratch {
  /** A file with exactly this text, named by its content; returns its absolute path. */
  write(text: string): Promise<string>;
}

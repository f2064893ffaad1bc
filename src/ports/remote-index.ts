import type { Digest, RunId } from '../model/names.ts';
import type { Holder, Location, Segment } from '../model/remote.ts';
import type { UploadSessions } from './bucket.ts';

/** What this machine remembers of one remote; deletable, since all of it can be asked again. */
export interface RemoteIndex extends UploadSessions {
  /** Names of the segments learnt, with the names that each supersedes. */
  segments(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Notes what a segment holds; what was begun of that, and the segment's own upload, is over. */
  learn(name: string, segment: Segment): Promise<void>;
  /** Segments that are gone from the remote. */
  forget(names: readonly string[]): Promise<void>;
  /** The content of learnt segments, joined. */
  contentOf(names: readonly string[]): Promise<Pick<Segment, 'holders' | 'runs'>>;
  /** Everywhere the objects lie; objects that no segment names are absent. */
  locate(digests: Iterable<Digest>): Promise<ReadonlyMap<Digest, readonly Location[]>>;
  /** Every run record that a segment names. */
  runs(): Promise<readonly RunId[]>;

  /** Holders that a push began and no segment names yet, with whether the bucket acknowledged them. */
  begun(): Promise<readonly BegunHolder[]>;
  begin(holder: Holder): Promise<void>;
  /** The bucket has it whole. */
  acknowledge(name: string): Promise<void>;
  abandon(names: readonly string[]): Promise<void>;

  /** Names that a gc condemned, by the name of its list; undefined when that list was not read yet. */
  condemned(list: string): Promise<readonly string[] | undefined>;
  rememberCondemned(list: string, names: readonly string[]): Promise<void>;
}

export interface BegunHolder extends Holder {
  readonly acknowledged: boolean;
}

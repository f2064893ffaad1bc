/** The sources by name, as `data.source` has it. A new one is one more line here. */
import type { Params } from '../vision/params.ts';
import { folder } from './folder/source.ts';
import { plates } from './plates/source.ts';
import type { Source } from './source.ts';

export const SOURCES = { plates, folder } as const satisfies Readonly<Record<string, Source>>;

export type SourceName = keyof typeof SOURCES;

/** The name that `data.source` holds. Throws StageError that lists the known ones. */
export function sourceName(data: Params): SourceName {
  return data.choice('source', Object.keys(SOURCES) as SourceName[]);
}

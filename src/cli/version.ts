import { readFileSync } from 'node:fs';

/** From package.json, which lies one level above the bundle and two above this source. */
export const VERSION: string = readVersion(['../package.json', '../../package.json']);

function readVersion(places: readonly string[]): string {
  for (const place of places) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === 'avian' && version !== undefined) return version;
    } catch {
      // The other place has it.
    }
  }
  throw new Error('bug: package.json of avian was not found');
}

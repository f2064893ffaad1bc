import type { JsonValue } from '../model/json.ts';

/**
 * Collects `avian:fact name=value` lines of a command's output, such as the backend that trained:
 * they go into the run's provenance and so into lineage. At most 64, each at most 1,000 characters.
 */
export function createFactReader(): {
  read(chunk: string): void;
  all(): { readonly [name: string]: JsonValue };
} {
  const facts = new Map<string, string>();
  let unfinished = '';
  return {
    read(chunk) {
      const lines = (unfinished + chunk).split('\n');
      unfinished = (lines.pop() ?? '').slice(-2000);
      for (const line of lines) {
        if (!line.includes('avian:fact')) continue;
        const [, name, value] = /avian:fact ([\w.-]+)=(.*?)\s*$/.exec(line) ?? [];
        if (name === undefined || value === undefined || facts.size >= 64) continue;
        facts.set(name, value.slice(0, 1000));
      }
    },
    all: () => Object.fromEntries(facts),
  };
}

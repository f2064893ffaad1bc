import type { Span } from '../../model/diagnostic.ts';
import type { JsonValue } from '../../model/json.ts';
import { lookUpPath } from '../source.ts';
import type { Locator, Source, ValuePath } from '../source.ts';
import type { Place } from '../text-places.ts';
import type { Moves } from './moves.ts';
import { hasTemplate } from './text.ts';
import { shown } from './words.ts';

/** Where a stage or task of the expanded pipeline was written. */
export interface Origin {
  readonly resolved: JsonValue;
  readonly prefix: ValuePath;
  /** One of the stages that a group makes. */
  readonly isMember: boolean;
}

/** Places in the written text, for paths of the expanded pipeline. */
export function createLocator(
  source: Source,
  origins: ReadonlyMap<string, Origin>,
  moves: Moves,
  shared: WeakSet<Span>,
): Locator {
  const locate = (path: ValuePath, which: keyof Locator): Place => {
    const [section, name, ...inner] = path;
    const origin =
      name === undefined ? undefined : origins.get(`${String(section)}\0${String(name)}`);
    if (origin === undefined) return source.at[which](path);
    if (inner.length === 0) {
      return share(
        source.at[which](which === 'key' ? origin.prefix.slice(0, 2) : origin.prefix),
        origin,
      );
    }
    const written = [...origin.prefix, ...moves.writtenPath(origin.resolved, inner)];
    const place = source.at[which](written);
    const text = which === 'value' ? lookUpPath(source.value, written) : written.at(-1);
    const value = which === 'value' ? lookUpPath(origin.resolved, inner) : inner.at(-1);
    return share(noted(place, text, value), origin);
  };
  const share = (place: Place, { isMember }: Origin): Place => {
    if (isMember) shared.add(place.span);
    return place;
  };
  return { value: (path) => locate(path, 'value'), key: (path) => locate(path, 'key') };
}

/** The place of a template, with the value that it took. */
export function noted(
  place: Place,
  written: JsonValue | undefined,
  value: JsonValue | undefined,
): Place {
  if (typeof written !== 'string' || !hasTemplate(written)) return place;
  if (value === undefined || value === written) return place;
  const message = `\`${written.trimEnd()}\` became \`${shown(value)}\``;
  return { ...place, also: [{ span: place.span, message }] };
}

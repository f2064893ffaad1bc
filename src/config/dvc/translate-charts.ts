import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { parseRepoPath, type RepoPath } from '../../model/names.ts';
import { objectOf } from './loose-json.ts';
import { isTemplate } from './translate-stage.ts';

const FIELDS = ['template', 'x_label', 'y_label', 'title', 'header'];

/**
 * A plot that DVC keeps beside the stages, for our own `plots`: the same, with paths from the root.
 * Undefined where a path is a template or leaves the project.
 */
export function translateChart(
  name: string,
  about: JsonValue,
  folder: RepoPath,
): JsonObject | undefined {
  const { x, y, ...others } = objectOf(about ?? {});
  const [across, up] = [fromRoot(x, folder), fromRoot(y, folder)];
  // With files of its own a plot's key is its name, else the path of its file.
  const id = isJsonObject(y) ? name : pathFromRoot(name, folder);
  if (id === undefined || across === null || up === null) return undefined;
  const kept = Object.entries(others).filter(([field]) => FIELDS.includes(field));
  return {
    [id]: {
      ...(across !== undefined && { x: across }),
      ...(up !== undefined && { y: up }),
      ...Object.fromEntries(kept),
    },
  };
}

const pathFromRoot = (path: string, folder: RepoPath): RepoPath | undefined =>
  isTemplate(path) ? undefined : parseRepoPath(path, folder);

/** Fields as they are; fields by file with the file's path from the root. Null where one has none. */
function fromRoot(fields: JsonValue | undefined, folder: RepoPath): JsonValue | undefined {
  if (!isJsonObject(fields)) return fields;
  const moved = Object.entries(fields).flatMap(([file, field]): [string, JsonValue][] => {
    const path = pathFromRoot(file, folder);
    return path === undefined ? [] : [[path, field]];
  });
  return moved.length < Object.keys(fields).length ? null : Object.fromEntries(moved);
}

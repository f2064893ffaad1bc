import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';

/** `REGISTRY/NAME[:TAG]`, taken apart. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
}

/**
 * As docker writes it, but that the registry has to be named: an image for one's own registry must not
 * end in a public one by a slip.
 */
export function parseImageReference(text: string): Result<ImageReference, Problem> {
  const slash = text.indexOf('/');
  const registry = text.slice(0, Math.max(slash, 0));
  if (
    !/^([a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+|localhost|\[[0-9a-f:]+\]|[a-zA-Z0-9-]+(?=:))(:[0-9]+)?$/.test(
      registry,
    )
  ) {
    const hint = `such as docker.io/${text} or europe-docker.pkg.dev/PROJECT/REPOSITORY/${text}`;
    return refuse(`\`${text}\` names no registry`, hint);
  }
  const rest = text.slice(slash + 1);
  if (rest.includes('@')) {
    return refuse(`\`${text}\` has a digest, which the image itself gives`, 'leave it out');
  }
  const [, repository = '', tag] = /^([^:]*)(?::(.*))?$/.exec(rest) ?? [];
  const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
  if (!new RegExp(`^${part}(?:/${part})*$`).test(repository) || text.length > 255) {
    return refuse(
      `\`${repository}\` cannot name a repository`,
      'small letters, digits, . _ - and /',
    );
  }
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) {
    return refuse(`\`${tag}\` cannot be a tag`, 'letters, digits, . _ and -');
  }
  return ok({ registry, repository, tag });
}

const refuse = (message: string, hint: string): Result<never, Problem> =>
  err(problem('usage', 'image/bad-reference', message, hint));

/** Where registries that do not list referrers keep them: a tag made of the image's digest. */
export const referrersTag = (digest: string): string => digest.replace(':', '-');

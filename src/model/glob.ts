/** True when the whole name matches a pattern as in a shell: `*`, `?`, `[abc]`, `[!abc]`; `/` is a character like any other. */
export const matchesGlob = (name: string, pattern: string): boolean => toRegExp(pattern).test(name);

const compiled = new Map<string, RegExp>();

function toRegExp(pattern: string): RegExp {
  let found = compiled.get(pattern);
  if (found === undefined) {
    const source = pattern.replace(
      /\*+|\?|\[(!?)(\]?[^\]]*)\]|[^*?]/gsu,
      (part: string, not?: string, members?: string) => {
        if (part.startsWith('*')) return '.*';
        if (part === '?') return '.';
        if (members === undefined || members === '')
          return part.replace(/[\\^$.|+()[\]{}]/, '\\$&');
        return `[${not === '!' ? '^' : ''}${members.replace(/[\\\]^[]/g, '\\$&')}]`;
      },
    );
    found = new RegExp(`^(?:${source})$`, 'su');
    compiled.set(pattern, found);
  }
  return found;
}

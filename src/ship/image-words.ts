/** Notes a problem with something typed; gives undefined in its place. */
export type Refuse = (code: string, message: string, hint?: string) => undefined;

/** Words as a shell would split them, without any expansion. */
export function splitWords(
  flag: string,
  text: string,
  refuse: Refuse,
): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else word = `${word ?? ''}${char}`;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      at += 1;
      word = `${word ?? ''}${text.charAt(at)}`;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${char}`;
  }
  if (quote !== undefined) {
    return refuse('image/bad-entrypoint', `${flag} \`${text}\` leaves a quote open`);
  }
  if (word !== undefined) words.push(word);
  return words.length > 0
    ? words
    : refuse('image/bad-entrypoint', `${flag} names no program`, "such as 'node server.js'");
}

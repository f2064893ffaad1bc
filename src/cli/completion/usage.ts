/** The texts of the verbs, in the order in which they are shown. */
export interface VerbTexts {
  readonly [name: string]: { readonly summary: string; readonly help: string };
}

/** An option as the help of its verb shows it. */
export interface OptionHelp {
  /** With its dashes. */
  readonly name: string;
  readonly short?: string;
  /** What follows it: a placeholder (`DIR`), or the words that there are (`local|cloud-run`). */
  readonly value?: string;
  readonly about: string;
}

/** What a verb's help says about its words: the help is what people read, so it is what is completed. */
export interface Usage {
  /** `show`, `diff`; for `completion` the shells. */
  readonly subVerbs: readonly string[];
  /** Placeholders of the usage lines, in small letters: `targets`, `stage`, `path`. */
  readonly takes: ReadonlySet<string>;
  readonly options: readonly OptionHelp[];
}

export function usageOf(verb: string, { help }: { readonly help: string }): Usage {
  const start = new RegExp(`^(?:usage:)? +avian ${verb}(?: (.*))?$`);
  const lines = help.split('\n');
  const usages = lines.flatMap((line) => start.exec(line)?.[1] ?? []);
  const takes = usages
    .flatMap((usage) => [...usage.matchAll(/[[<]([a-z][a-z |-]*)[\]>]/g)])
    .flatMap(([, names = '']) => names.split('|').map((name) => name.trim()));
  const subVerbs = usages.flatMap(
    (usage) => /^[a-z][a-z-]*(?:\|[a-z-]+)*(?= |$)/.exec(usage)?.[0] ?? [],
  );
  return {
    subVerbs: [...new Set(subVerbs.flatMap((names) => names.split('|')))],
    takes: new Set(takes),
    options: [...lines.flatMap(optionLine), ...usages.flatMap(optionsInUsage)].filter(
      ({ name }, at, all) => all.findIndex((each) => each.name === name) === at,
    ),
  };
}

function optionLine(line: string): OptionHelp[] {
  // `[ID]` may be left out, so that nothing has to be waited for.
  const found = /^ +(?:(-\w), )?(--[\w-]+)(?:[ =]([^\s[]\S*))?(?: \[\S+\])?(?: {2,}(.*))?$/.exec(
    line,
  );
  const [, short, name, value, about = ''] = found ?? [];
  return name === undefined ? [] : [option(name, short, value, about)];
}

/** `[--json]`, and what is not optional: `--output DIR`. */
const optionsInUsage = (usage: string): OptionHelp[] =>
  [...usage.matchAll(/(--[\w-]+)(?: ([A-Z][\w:]*))?/g)].map(([, name = '', value]) =>
    option(name, undefined, value, ''),
  );

const option = (
  name: string,
  short: string | undefined,
  value: string | undefined,
  about: string,
): OptionHelp => ({
  name,
  ...(short !== undefined && { short }),
  ...(value !== undefined && { value }),
  about,
});

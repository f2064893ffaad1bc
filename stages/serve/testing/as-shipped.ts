/** How the image starts the service, as pipeline.yaml says it: what is measured is what is deployed. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Shipped {
  /** Words between `node` and the script. */
  readonly nodeOptions: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function asShipped(): Shipped {
  const pipeline = new URL('../../../pipeline.yaml', import.meta.url);
  const { stages } = parse(readFileSync(pipeline, 'utf8')) as {
    stages: { image: { cmd: string[] } };
  };
  const build = stages.image.cmd.find((line) => line.startsWith('avian image build')) ?? '';
  const [, entrypoint = ''] = /--entrypoint "(.+?)"/.exec(build) ?? [];
  const [program, ...words] = entrypoint.split(' ');
  if (program !== 'node') throw new Error(`pipeline.yaml starts ${entrypoint}, not node`);
  const env: Record<string, string> = {};
  for (const [, name = '', value = ''] of build.matchAll(/--env (\w+)=(\S+)/g)) env[name] = value;
  return { nodeOptions: words.slice(0, -1), env };
}

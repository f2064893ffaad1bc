/** What a bundle holds of packages, as a CycloneDX document: once they are one file, nobody else can tell. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Component {
  readonly type: 'library';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly { readonly license: { readonly name: string } }[];
}

/**
 * Lists the packages among `inputs`, the files that went into the bundle, relative to `folder`. Sorted, and
 * without times: the same packages give the same bytes.
 */
export async function writeBill(
  file: string,
  inputs: readonly string[],
  folder: string,
): Promise<void> {
  const components = new Map<string, Component>();
  for (const path of new Set(inputs.flatMap(packageFolder))) {
    const component = await describePackage(join(folder, path));
    components.set(component.purl, component);
  }
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components: [...components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1)),
  };
  await writeFile(file, `${JSON.stringify(bill, null, 1)}\n`);
}

/** `../../node_modules/@scope/name/lib/a.js` -> `../../node_modules/@scope/name`. */
const packageFolder = (path: string): string[] => {
  const found = /^.*(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
  return found === undefined ? [] : [found];
};

async function describePackage(folder: string): Promise<Component> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: unknown;
  };
  const { name, version, license } = manifest;
  const purl = `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;
  const licenses = typeof license === 'string' ? [{ license: { name: license } }] : [];
  return { type: 'library', 'bom-ref': purl, name, version, purl, licenses };
}

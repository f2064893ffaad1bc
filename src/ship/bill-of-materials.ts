import { byCodeUnit, canonicalJson, isJsonObject, type JsonObject } from '../model/json.ts';
import type { ImageConfig, LayerContents, OciDigest, Package } from '../ports/image-store.ts';

export const BILL_TYPE = 'application/vnd.cyclonedx+json';

/** What a bill of materials says beside what the layers hold. */
export interface BillSubject {
  readonly digest: OciDigest;
  /** The image's name; its digest where it has none. */
  readonly tag: string | undefined;
  readonly config: ImageConfig;
  readonly created: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** The model's place in the image, such as `/app/model`. */
  readonly model: string | undefined;
  /** Of avian. */
  readonly version: string;
}

/**
 * What is inside an image as CycloneDX 1.6, canonical JSON: npm's and Debian's packages, Node, shared
 * libraries, the model, and what the documents say that lie in it (a bundle's packages are seen by
 * nobody else). Equal images give equal text: no clock, no random serial number.
 */
export function billOfMaterials(
  { digest, tag, config, created, labels, model, version }: BillSubject,
  layers: readonly LayerContents[],
): string {
  const components = new Map<string, Component>();
  const add = (component: Component): void => {
    const key = component['bom-ref'];
    if (!components.has(key)) components.set(key, component);
  };
  const node = variable(config, 'NODE_VERSION');
  if (node !== undefined) add(nodeRuntime(node));
  for (const { packages, libraries, bills } of layers) {
    for (const one of packages) add(packageComponent(one));
    for (const one of libraries) add(library(one));
    for (const one of bills.flatMap(componentsIn)) add(one);
  }
  if (model !== undefined) add(modelComponent(model, labels));
  const name = tag ?? digest;
  return canonicalJson({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(digest),
    version: 1,
    metadata: {
      timestamp: created,
      tools: { components: [{ type: 'application', name: 'avian', version }] },
      component: {
        type: 'container',
        'bom-ref': digest,
        name,
        version: digest,
        properties: properties(labels),
      },
    },
    components: [...components.values()].sort((a, b) => byCodeUnit(a['bom-ref'], b['bom-ref'])),
  });
}

/** As CycloneDX has it; `bom-ref` tells it from others. */
type Component = JsonObject & { readonly 'bom-ref': string };

const nodeRuntime = (version: string): Component => ({
  type: 'platform',
  'bom-ref': `pkg:generic/node@${version}`,
  name: 'node',
  version,
  purl: `pkg:generic/node@${version}`,
});

function packageComponent({ kind, name, version, licence, architecture }: Package): Component {
  const purl =
    kind === 'npm'
      ? `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`
      : `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}` +
        (architecture === undefined ? '' : `?arch=${architecture}`);
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(licence !== undefined && { licenses: [licenceOf(licence)] }),
  };
}

/** One word, or words joined by AND, OR and WITH, are an SPDX expression; all else is a name. */
const licenceOf = (text: string): JsonObject =>
  /^\(*[\w.+-]+\)*( (AND|OR|WITH) \(*[\w.+-]+\)*)*$/.test(text) && !/^UNLICEN[CS]ED$/.test(text)
    ? { expression: text }
    : { license: { name: text } };

const library = ({ path, sha256 }: LayerContents['libraries'][number]): Component => ({
  type: 'file',
  'bom-ref': `file:/${path}`,
  name: `/${path}`,
  hashes: [{ alg: 'SHA-256', content: sha256 }],
});

const modelComponent = (path: string, labels: BillSubject['labels']): Component => ({
  type: 'machine-learning-model',
  'bom-ref': `model:${path}`,
  name: path,
  properties: properties(labels.filter(([name]) => /^dev\.avian\.(run|model-digest)$/.test(name))),
});

const properties = (labels: BillSubject['labels']): readonly JsonObject[] =>
  [...labels].sort(([a], [b]) => byCodeUnit(a, b)).map(([name, value]) => ({ name, value }));

/** Components that can be told from others; whatever else the document says stays in the image. */
function componentsIn(bill: JsonObject): readonly Component[] {
  const listed = bill['components'];
  if (!Array.isArray(listed)) return [];
  return (listed as readonly unknown[]).filter(isJsonObject).flatMap((component): Component[] => {
    const { type, name } = component;
    if (typeof type !== 'string' || typeof name !== 'string') return [];
    const reference = component['purl'] ?? component['bom-ref'];
    return typeof reference === 'string' ? [{ ...component, 'bom-ref': reference }] : [];
  });
}

function variable(config: ImageConfig, name: string): string | undefined {
  const pair = config.config?.Env?.find((each) => each.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** A UUID of version 8 (RFC 9562: of one's own making) from the digest. */
function serialNumber(digest: OciDigest): string {
  const hex = digest.slice('sha256:'.length);
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}

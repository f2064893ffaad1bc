import type { BuiltImage, ImageContents, PushedImage, ShownLayer } from '../model/image-views.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type { Style } from './style.ts';
import { bytes, count } from './units.ts';

export function builtText(image: BuiltImage, { faint, strong }: Style): string {
  const layers = image.layers.map(
    ({ from, size, cached }) => `  ${from}  ${bytes(size)}${cached ? faint(' (cached)') : ''}\n`,
  );
  const sizes = `${bytes(image.size)} compressed, ${bytes(image.ownSize)} above the base`;
  return `${layers.join('')}${strong(image.digest)}  ${sizes}\n`;
}

export const builtJson = (image: BuiltImage): JsonObject => ({
  v: 1,
  digest: image.digest,
  size: image.size,
  ownSize: image.ownSize,
  labels: Object.fromEntries(image.labels),
  layers: image.layers.map(({ from, digest, size, cached }) => ({ from, digest, size, cached })),
});

export function contentsText(image: ImageContents, style: Style): string {
  const process = objectOf(image.config['config']);
  const head = [
    style.strong(image.digest),
    `entrypoint  ${[...words(process['Entrypoint']), ...words(process['Cmd'])].join(' ')}`,
    `workdir     ${textOf(process['WorkingDir']) ?? '/'}`,
    `user        ${textOf(process['User']) ?? 'root'}`,
    ...healthLine(process['Healthcheck']),
    ...Object.entries(objectOf(process['Labels'])).map(
      ([name, value]) => `label       ${name}=${textOf(value) ?? ''}`,
    ),
  ];
  const lines = [...head, ...image.layers.flatMap((layer) => layerLines(layer, style))];
  return `${[...lines, ...billLines(image.bill, style)].join('\n')}\n`;
}

const healthLine = (healthcheck: JsonValue | undefined): readonly string[] =>
  isJsonObject(healthcheck) ? [`health      ${words(healthcheck['Test']).slice(1).join(' ')}`] : [];

const layerLines = ({ size, createdBy, entries }: ShownLayer, { faint }: Style): string[] => [
  `${bytes(size)}  ${createdBy ?? ''}`,
  ...entries
    .filter(({ kind }) => kind !== 'directory')
    .map((entry) => faint(`    ${entry.path}  ${bytes(entry.size)}`)),
];

function billLines(bill: JsonObject | undefined, { faint }: Style): readonly string[] {
  if (bill === undefined) return ['no bill of materials is attached'];
  const listed = bill['components'];
  const components = (Array.isArray(listed) ? (listed as JsonValue[]) : []).filter(isJsonObject);
  return [
    `${count(components.length, 'component')} in the bill of materials`,
    ...components.map((component) => {
      const { name, version, type, licenses } = component;
      const licence = (Array.isArray(licenses) ? (licenses as JsonValue[]) : [])
        .filter(isJsonObject)
        .map((one) => textOf(one['expression']) ?? licenceName(one['license']));
      const facts = [textOf(version) ?? '', textOf(type) ?? '', ...licence];
      return faint(`    ${textOf(name) ?? ''}  ${facts.filter((fact) => fact !== '').join('  ')}`);
    }),
  ];
}

const licenceName = (value: JsonValue | undefined): string =>
  textOf(objectOf(value)['id']) ?? textOf(objectOf(value)['name']) ?? '';

export const contentsJson = (image: ImageContents): JsonObject => ({
  v: 1,
  digest: image.digest,
  annotations: image.annotations,
  config: image.config,
  layers: image.layers.map(({ digest, size, createdBy, entries }) => ({
    digest,
    size,
    createdBy: createdBy ?? null,
    entries: entries.map(({ path, kind, size: length, mode }) => ({
      path,
      kind,
      size: length,
      mode,
    })),
  })),
  bill: image.bill ?? null,
});

/** The reference alone on the last line, so that a shell can take it from there. */
export const pushedText = (image: PushedImage, { faint }: Style): string =>
  `${faint(`${bytes(image.sent)} of ${bytes(image.size)} sent`)}\n${image.reference}\n`;

export const pushedJson = (image: PushedImage): JsonObject => ({
  v: 1,
  reference: image.reference,
  registry: image.registry,
  repository: image.repository,
  tag: image.tag ?? null,
  digest: image.digest,
  size: image.size,
  sent: image.sent,
  attached: image.attached,
  labels: image.labels,
});

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const words = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value)
    ? (value as JsonValue[]).filter((word): word is string => typeof word === 'string')
    : [];

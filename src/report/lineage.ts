import { dotted, type JsonObject } from '../model/json.ts';
import type { Run } from '../model/run.ts';
import type { LineageNode, LineageView } from '../model/views.ts';
import {
  describeCommit,
  describeRun,
  describeSize,
  oneLine,
  shortDigest,
  value,
} from './describe.ts';
import { truncate } from './display-width.ts';
import type { Style } from './style.ts';
import { decimal } from './units.ts';

/**
 * What came from what, as a tree:
 *
 *     artifacts/model 88c01d (3 files, 1.2 MiB)
 *     ╰─ train: run 3f2a91 (3 days ago, ana@host)
 *        │  commit 0a1b2c3d, backend wasm, accuracy 0.94
 *        ├─ artifacts/birds 12ab34 (840 files, 2.9 MiB)
 *        …
 *
 * @param now milliseconds since 1970, for the age of runs
 */
export function lineageText(view: LineageView, style: Style, now: number): string {
  const lines: string[] = [];
  draw(view.root, '', '');
  return `${lines.join('\n')}\n`;

  function draw(node: LineageNode, first: string, rest: string): void {
    const { glyphs } = style;
    const again = node.kind !== 'deployment' && node.repeated ? style.faint(' (shown above)') : '';
    lines.push(`${first}${title(node, style, now)}${again}`);
    const below = node.links.length > 0 ? `${glyphs.down}  ` : '   ';
    if (again === '') {
      const about =
        node.kind === 'deployment' && view.direction === 'up'
          ? detailsOfDeployment(node)
          : details(node);
      for (const detail of about) lines.push(`${rest}${below}${style.faint(detail)}`);
    }
    node.links.forEach((link, index) => {
      const last = index === node.links.length - 1;
      const branch = `${last ? glyphs.corner : glyphs.tee}${glyphs.across} `;
      draw(link, rest + branch, rest + (last ? '   ' : `${glyphs.down}  `));
    });
  }
}

function title(node: LineageNode, style: Style, now: number): string {
  switch (node.kind) {
    case 'artifact': {
      const size = describeSize(node);
      return `${style.strong(oneLine(node.path))} ${shortDigest(node.digest)}${size === '' ? '' : ` (${size})`}`;
    }
    case 'run':
      return `${style.info(node.run.stage)}: ${describeRun(node.run, now)}`;
    case 'deployment':
      return `${style.good(`deployment ${oneLine(node.deployment.revision)}`)} ${oneLine(node.deployment.url)}`;
  }
}

const PER_LINE = 6;

/** Of a run: which code, which facts, which params, what it measured. */
function details(node: LineageNode): readonly string[] {
  if (node.kind !== 'run') return [];
  const { run } = node;
  const { facts } = run.provenance;
  const commit = describeCommit(run);
  const code = [
    ...(commit === undefined ? [] : [commit]),
    ...Object.entries(facts ?? {}).map(([name, fact]) => `${oneLine(name)} ${value(fact)}`),
  ];
  const params = Object.entries(dotted(run.input.params)).map(
    ([key, held]) => `${oneLine(key)}=${truncate(value(held), 40, '…')}`,
  );
  const metrics = Object.values(run.metrics).flatMap((file) =>
    Object.entries(file).map(([name, n]) => `${oneLine(name)} ${decimal(n)}`),
  );
  return [code, params, metrics].flatMap((facets) =>
    facets.length === 0
      ? []
      : [
          facets.slice(0, PER_LINE).join(', ') +
            (facets.length > PER_LINE ? `, +${facets.length - PER_LINE} more` : ''),
        ],
  );
}

/** Upwards, where all else led to it; below an image the name of a deployment says enough. */
function detailsOfDeployment({
  deployment,
  links,
}: Extract<LineageNode, { kind: 'deployment' }>): readonly string[] {
  const { target, startedAt, host, image, reference, gates, override } = deployment;
  return [
    `on ${target} since ${startedAt}, deployed from ${host}`,
    `image ${oneLine(reference ?? image)}`,
    ...(gates ?? []).map(
      ({ gate, actual, passed }) =>
        `gate ${oneLine(gate)} ${passed ? 'held' : 'did not hold'}${actual === undefined ? '' : ` (${oneLine(actual)})`}`,
    ),
    ...(override === undefined ? [] : [`overridden: ${oneLine(override)}`]),
    ...(links.length === 0 ? ['which run built the image is not known here'] : []),
  ];
}

export const lineageJson = (view: LineageView): JsonObject => ({
  v: 1,
  direction: view.direction,
  root: encodeNode(view.root),
});

function encodeNode(node: LineageNode): JsonObject {
  const links = node.links.map(encodeNode);
  switch (node.kind) {
    case 'artifact':
      return {
        kind: 'artifact',
        path: node.path,
        digest: node.digest,
        ...(node.size !== undefined && { size: node.size }),
        ...(node.files !== undefined && { files: node.files }),
        ...(node.repeated && { repeated: true }),
        links,
      };
    case 'run':
      return {
        ...encodeRun(node.run),
        ...(node.repeated && { repeated: true }),
        links,
      };
    case 'deployment': {
      const { name, target, revision, url, startedAt, image, host } = node.deployment;
      const { reference, resource, traffic, gates, override } = node.deployment;
      return {
        ...{ kind: 'deployment', name, target, revision, url, startedAt, image, host },
        ...(reference !== undefined && { reference }),
        ...(resource !== undefined && { resource }),
        ...(traffic !== undefined && { traffic }),
        ...(gates !== undefined && { gates: gates.map((each) => ({ ...each })) }),
        ...(override !== undefined && { override }),
        links,
      };
    }
  }
}

function encodeRun(run: Run): JsonObject {
  const { avian, commit, dirty, host, user, platform, facts } = run.provenance;
  return {
    kind: 'run',
    id: run.id,
    stage: run.stage,
    fingerprint: run.fingerprint,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
    ...(run.adopted !== undefined && { adopted: run.adopted }),
    params: run.input.params,
    metrics: run.metrics,
    overrides: run.overrides,
    provenance: {
      avian,
      host,
      user,
      platform,
      ...(commit !== undefined && { commit }),
      ...(dirty !== undefined && { dirty }),
      ...(facts !== undefined && { facts }),
    },
  };
}

import type { EngineBuild } from '../../ports/image-engine.ts';

export type EngineName = 'docker' | 'buildah' | 'podman';

/** A build with everything as paths. */
type BuildPaths = Omit<EngineBuild, 'source'> & {
  readonly file: string;
  readonly context: string;
  readonly idFile: string;
};

/** What each engine is told; the first word is its program. */
interface EngineWords {
  /** Prints the digests of an image's layers before compression, as a JSON list. */
  layers(name: string): readonly string[];
  load(archive: string): readonly string[];
  /** Writes the image's id into `idFile`. */
  build(build: BuildPaths): readonly string[];
  save(id: string, archive: string): readonly string[];
}

const common = ({
  file,
  context,
  idFile,
  args,
  target,
  network,
  labels,
  tag,
}: BuildPaths): string[] => [
  ...['--file', file, '--iidfile', idFile],
  ...args.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
  ...labels.flatMap(([name, value]) => ['--label', `${name}=${value}`]),
  ...(target === undefined ? [] : ['--target', target]),
  ...(network === undefined ? [] : ['--network', network]),
  ...(tag === undefined ? [] : ['--tag', tag]),
  context,
];

/**
 * A layer for each instruction, kept for the next build (not by default); and docker's format, since
 * OCI's has no place for a health check.
 */
const byBuildah = ({ epoch }: BuildPaths): string[] => [
  ...['--layers', '--format', 'docker', '--timestamp', String(epoch)],
];

export const engineWords: { readonly [engine in EngineName]: EngineWords } = {
  docker: {
    layers: (name) => ['docker', 'image', 'inspect', '--format', '{{json .RootFS.Layers}}', name],
    load: (archive) => ['docker', 'load', '--quiet', '--input', archive],
    build: (build) => ['docker', 'build', ...common(build)],
    save: (id, archive) => ['docker', 'save', '--output', archive, id],
  },
  buildah: {
    layers: (name) => [
      ...['buildah', 'inspect', '--type', 'image'],
      ...['--format', '{{json .OCIv1.RootFS.DiffIDs}}', name],
    ],
    load: (archive) => ['buildah', 'pull', '--quiet', `docker-archive:${archive}`],
    build: (build) => ['buildah', 'build', ...byBuildah(build), ...common(build)],
    save: (id, archive) => ['buildah', 'push', '--quiet', id, `docker-archive:${archive}`],
  },
  podman: {
    layers: (name) => ['podman', 'image', 'inspect', '--format', '{{json .RootFS.Layers}}', name],
    load: (archive) => ['podman', 'load', '--quiet', '--input', archive],
    build: (build) => ['podman', 'build', ...byBuildah(build), ...common(build)],
    save: (id, archive) => [
      ...['podman', 'save', '--quiet', '--format', 'docker-archive', '--output', archive, id],
    ],
  },
};

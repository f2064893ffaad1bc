import { problem, type Problem } from '../../model/diagnostic.ts';
import type { DeployTarget } from '../../model/deployment.ts';
import { err, type Result } from '../../model/result.ts';
import type { DeployableImage, RevisionSettings } from '../../ports/deployer.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import { planLaunch } from './launch.ts';
import type { RevisionRecord } from './records.ts';

/** How an image becomes a process that the supervisor can start, watch and end. */
export interface Launcher {
  readonly target: DeployTarget;
  /** Names of variables that its processes need of the caller's environment. */
  readonly inherits?: RegExp;
  /** Makes the content ready; `root` is a folder of the revision's own, not there yet, which stands for it. */
  plan(
    revision: string,
    root: string,
    image: DeployableImage,
    settings: RevisionSettings,
  ): Promise<Result<RevisionRecord, Problem>>;
}

/** Unpacks the image and runs its program as it lies there. */
export const createUnpackingLauncher = (images: Pick<ImageStore, 'unpack'>): Launcher => ({
  target: 'local',
  async plan(revision, root, image, settings) {
    if (image.kind === 'reference') {
      return err(
        problem(
          'usage',
          'deploy/needs-layout',
          `target local runs a folder, not what ${image.reference} is`,
          'deploy the folder that `avian image build` wrote, or take --target docker',
        ),
      );
    }
    const unpacked = await images.unpack(image.image, root);
    return unpacked.ok ? planLaunch(revision, root, image.image.config, settings) : unpacked;
  },
});

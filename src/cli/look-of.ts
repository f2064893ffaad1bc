import type { Look } from '../report/style.ts';
import { toProject } from './find-root.ts';
import type { Io } from './io.ts';

/** How text on stderr may look, and how it names files. A folder given by `-C` is where avian was called. */
export const lookOf = ({ colour, ascii, cwd }: Io): Look => ({
  ...{ colour, ascii },
  toProject: () => toProject(cwd),
});

import { fileURLToPath } from 'node:url';

/** The folder with an `avian` that is this avian, for the PATH of others; the build puts it beside the bundle. */
export const LAUNCHER_FOLDER = fileURLToPath(new URL('./bin', import.meta.url));

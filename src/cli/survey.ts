import { constants } from 'node:fs';
import { copyFile, mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Surveyor } from '../commands/doctor.ts';

/** Looks at the machine for `avian doctor`. */
export function openSurvey(root: string): Surveyor {
  const folder = join(root, 'cache/v1/tmp');
  return {
    node: `${process.version} (${process.execPath})`,
    async freeBytes() {
      await mkdir(folder, { recursive: true });
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
    async reflinks() {
      await mkdir(folder, { recursive: true });
      const [one, two] = [join(folder, 'doctor-a'), join(folder, 'doctor-b')];
      try {
        await writeFile(one, 'x'.repeat(4096));
        await copyFile(one, two, constants.COPYFILE_FICLONE_FORCE);
        return true;
      } catch {
        return false;
      } finally {
        await Promise.all([rm(one, { force: true }), rm(two, { force: true })]);
      }
    },
    async sqlite() {
      const { default: Database } = await import('better-sqlite3');
      const database = new Database(':memory:');
      const row = database.prepare('select sqlite_version() as version').get();
      database.close();
      return (row as { version: string }).version;
    },
  };
}

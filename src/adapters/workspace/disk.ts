import * as fs from 'node:fs';
import { dirname } from 'node:path';

/** Called before every change to the disk, with its name and path; a test makes it throw. */
export type Step = (operation: string, path: string) => void;

/**
 * The system calls that change the disk, one step each, so that a test can stop the world between
 * any two of them. Reading goes straight to `node:fs`.
 */
export interface Disk {
  /** Creates missing parents too. */
  mkdir(path: string): void;
  rename(from: string, to: string): void;
  link(existing: string, path: string): void;
  symlink(target: string, path: string): void;
  unlink(path: string): void;
  chmod(path: string, mode: number): void;
  /** Creates a file that must not exist. Returns its descriptor. */
  create(path: string, mode: number): number;
  /** Where the file stands, or at `position`. */
  write(fd: number, bytes: Uint8Array, path: string, position?: number): void;
  /** Clones where the file system can share blocks; throws otherwise. `to` may exist. */
  reflink(from: string, to: string): void;
  /** Copies a file, sharing blocks where possible. */
  copyFile(from: string, to: string): void;
  fsync(path: string): void;
  /** Removes a file or a whole directory, or nothing. */
  remove(path: string): void;
}

export function openDisk(step: Step = () => undefined): Disk {
  return {
    mkdir(path) {
      if (fs.existsSync(path)) return;
      step('mkdir', path);
      fs.mkdirSync(path, { recursive: true });
    },
    rename(from, to) {
      step('rename', to);
      fs.renameSync(from, to);
    },
    link(existing, path) {
      step('link', path);
      fs.linkSync(existing, path);
    },
    symlink(target, path) {
      step('symlink', path);
      fs.symlinkSync(target, path);
    },
    unlink(path) {
      step('unlink', path);
      fs.unlinkSync(path);
    },
    chmod(path, mode) {
      step('chmod', path);
      fs.chmodSync(path, mode);
    },
    create(path, mode) {
      step('create', path);
      return fs.openSync(path, 'wx', mode);
    },
    write(fd, bytes, path, position) {
      step('write', path);
      for (let done = 0; done < bytes.length;) {
        const at = position === undefined ? null : position + done;
        done += fs.writeSync(fd, bytes, done, bytes.length - done, at);
      }
    },
    reflink(from, to) {
      step('reflink', to);
      fs.copyFileSync(from, to, fs.constants.COPYFILE_FICLONE_FORCE);
    },
    copyFile(from, to) {
      step('copy', to);
      fs.copyFileSync(from, to, fs.constants.COPYFILE_FICLONE);
    },
    fsync(path) {
      step('fsync', path);
      const fd = fs.openSync(path, 'r');
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    },
    remove(path) {
      // Most often nothing is there, which one lstat tells sooner.
      if (fs.lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
      step('remove', path);
      fs.rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Writes a small file so that a reader sees all of it or none, even after a power cut. */
export function writeDurably(disk: Disk, path: string, text: string): void {
  const temporary = writePartial(disk, path, text);
  disk.fsync(temporary);
  disk.rename(temporary, path);
  disk.fsync(dirname(path));
}

/** Writes a small file so that a reader sees all of it or none, also after a kill. */
export function writeWhole(disk: Disk, path: string, text: string): void {
  disk.rename(writePartial(disk, path, text), path);
}

function writePartial(disk: Disk, path: string, text: string): string {
  const temporary = `${path}.partial`;
  disk.remove(temporary);
  const fd = disk.create(temporary, 0o644);
  try {
    disk.write(fd, Buffer.from(text), temporary);
  } finally {
    fs.closeSync(fd);
  }
  return temporary;
}

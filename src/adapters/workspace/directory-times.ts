import { statfsSync } from 'node:fs';

/**
 * File systems whose directories get a new time whenever a name in them comes or goes. Network
 * and user-space ones may answer from a cache of their own, so there every directory is listed.
 */
const KEEPS_DIRECTORY_TIMES = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
]);

export const keepsDirectoryTimes = (path: string): boolean =>
  KEEPS_DIRECTORY_TIMES.has(statfsSync(path).type);

/*
 * Verbs that talk to a remote. In the bundle they are a file of their own, so that nothing else
 * reads HTTP.
 */
export * as cat from './verbs/cat.ts';
export * as cost from './verbs/cost.ts';
export * as exportData from './verbs/export.ts';
export * as fetch from './verbs/fetch.ts';
export * as fsck from './verbs/fsck.ts';
export * as ls from './verbs/ls.ts';
export * as pull from './verbs/pull.ts';
export * as push from './verbs/push.ts';
export * as remote from './verbs/remote.ts';
export { usingRemotes } from './compose-remote.ts';
export { openCopies } from '../commands/verified-copies.ts';
export { runCloudStatus } from './verbs/cloud-status.ts';
export { runDoctorRemote } from './verbs/doctor-remote.ts';
export { runGcRemote } from './verbs/gc-remote.ts';
export { runPullingRepro } from './verbs/pulling-repro.ts';

/*
 * Verbs that talk to a remote. In the bundle they are a file of their own, so that nothing else
 * reads HTTP.
 */
export * as cat from './verbs/cat.ts';
export * as exportData from './verbs/export.ts';
export * as fetch from './verbs/fetch.ts';
export * as ls from './verbs/ls.ts';
export * as pull from './verbs/pull.ts';
export * as push from './verbs/push.ts';
export * as remote from './verbs/remote.ts';
export { runCloudStatus } from './verbs/cloud-status.ts';
export { runPullingRepro } from './verbs/pulling-repro.ts';

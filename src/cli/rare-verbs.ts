/*
 * Verbs that are not asked every minute. In the bundle they are a file of their own, so that a no-op
 * `repro` does not read them.
 */
export * as add from './verbs/add.ts';
export * as checkout from './verbs/checkout.ts';
export * as commit from './verbs/commit.ts';
export * as dag from './verbs/dag.ts';
export * as deploy from './verbs/deploy.ts';
export * as deps from './verbs/deps.ts';
export * as diff from './verbs/diff.ts';
export * as doctor from './verbs/doctor.ts';
export * as du from './verbs/du.ts';
export * as exp from './verbs/exp.ts';
export * as freeze from './verbs/freeze.ts';
export * as gc from './verbs/gc.ts';
export * as image from './verbs/image.ts';
export * as importDvc from './verbs/import-dvc.ts';
export * as importUrl from './verbs/import-url.ts';
export * as init from './verbs/init.ts';
export * as lineage from './verbs/lineage.ts';
export * as logs from './verbs/logs.ts';
export * as mergeLock from './verbs/merge-lock.ts';
export * as metrics from './verbs/metrics.ts';
export * as monitoring from './verbs/monitoring.ts';
export * as move from './verbs/move.ts';
export * as params from './verbs/params.ts';
export * as plots from './verbs/plots.ts';
export * as remove from './verbs/remove.ts';
export * as report from './verbs/report.ts';
export * as rollback from './verbs/rollback.ts';
export * as rollout from './verbs/rollout.ts';
export * as run from './verbs/run.ts';
export * as stop from './verbs/stop.ts';
export * as unfreeze from './verbs/unfreeze.ts';
export * as update from './verbs/update.ts';
export * as verify from './verbs/verify.ts';
export * as why from './verbs/why.ts';

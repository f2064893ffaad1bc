/* Verbs that draw pages: what they draw with is a file of its own in the bundle, which nobody else reads. */
export * as plots from './verbs/plots.ts';
export * as report from './verbs/report.ts';

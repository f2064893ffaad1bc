/*
 * What draws on a whole terminal. In the bundle it is a file of its own, so that plain lines do not
 * read it; React and Ink are in another one yet, `dist/screen.js`.
 */
export { openWatch } from './tui/watch.ts';
export * as tui from './verbs/tui.ts';

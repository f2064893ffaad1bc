import { readFileSync } from 'node:fs';
import { build, type Plugin } from 'esbuild';

/*
 * React and Ink in a file of their own, which plain lines never read. Most of the time between
 * `avian tui` and its first frame went into what they prepare and the screen never asks for.
 */

/** Where `reconciler.js` awaits React's developer tools, which are not installed. */
const DEVELOPING = "process.env['DEV'] === 'true'";

/**
 * Stands for Yoga, which is WebAssembly: the screen hands Ink no box and no text, its lines are laid
 * out by `layout`. So there is one node, the root, and it is empty; whoever adds a box to the
 * screen gets an error from it.
 */
const NO_BOXES = `
  const root = new Proxy({}, {
    get: (_, name) => {
      if (name === 'insertChild') throw new Error('the screen is bundled without Yoga: no boxes');
      return () => 0;
    },
  });
  export default new Proxy({ Node: { create: () => root } }, { get: (known, name) => known[name] ?? 0 });
`;

/** Stands for string-width, whose pattern of all emoji takes V8 18 ms to parse. */
const NO_TEXT = `
  export default () => {
    throw new Error('the screen is bundled without string-width: no text');
  };
`;

/** Five packages make one at their top, which reads ICU's tables for 16 ms; none is used. */
const SEGMENTER_LATER = `
  export class SegmenterLater {
    constructor(...options) {
      this.options = options;
    }
    segment(text) {
      this.segmenter ??= new globalThis.Intl.Segmenter(...this.options);
      return this.segmenter.segment(text);
    }
  }
`;

const STAND_INS: { readonly [name: string]: string } = {
  'yoga-layout': NO_BOXES,
  'string-width': NO_TEXT,
  'segmenter-later': SEGMENTER_LATER,
};

const withoutWhatIsNotAsked: Plugin = {
  name: 'without-what-is-not-asked',
  setup(hooks) {
    const names = new RegExp(`^(?:${Object.keys(STAND_INS).join('|')})$`);
    hooks.onResolve({ filter: names }, ({ path }) => ({ path, namespace: 'stand-in' }));
    hooks.onLoad({ filter: names, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[path] ?? '',
      loader: 'js',
    }));
    hooks.onLoad({ filter: /ink[\\/]build[\\/]reconciler\.js$/ }, ({ path }) => ({
      // The build fails if its await at the top is not gone: this is no ES module.
      contents: readFileSync(path, 'utf8').replaceAll(DEVELOPING, 'false'),
      loader: 'js',
    }));
  },
};

/** Writes `<folder>/screen.js`. */
export async function bundleScreen(root: string, folder: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: { screen: 'src/tui/screen.ts' },
    outdir: folder,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22.18',
    // React in its production form.
    define: { 'process.env.NODE_ENV': '"production"', 'Intl.Segmenter': 'SegmenterLater' },
    inject: ['segmenter-later'],
    minify: true,
    logLevel: 'warning',
    plugins: [withoutWhatIsNotAsked],
  });
}

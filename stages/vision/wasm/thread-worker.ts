/** What a wasm thread runs. The package ships this program as a string, meant for a browser's Blob URL. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const shipped =
  require('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js') as {
    wasmWorkerContents: string;
  };

// The string was escaped once too little: a newline stands inside a string literal of the program.
const program = shipped.wasmWorkerContents.replaceAll('\n', '\\n');
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- the program is the package's own text
const start = new Function('require', '__filename', program) as (
  load: NodeJS.Require,
  file: string,
) => void;
start(require, fileURLToPath(import.meta.url));

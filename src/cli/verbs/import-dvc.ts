import { join, resolve } from 'node:path';
import { openDvcCache, type OpenDvcCache } from '../../adapters/dvc-cache/open-dvc-cache.ts';
import { importDvc } from '../../commands/import-dvc.ts';
import { problem } from '../../model/diagnostic.ts';
import { dvcImportJson, dvcImportText } from '../../report/import-dvc.ts';
import type { Renderer } from '../../report/plain.ts';
import { parseWords } from '../arguments.ts';
import { withProjectAt } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  dry: { type: 'boolean', default: false },
  force: { type: 'boolean', short: 'f', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const [folder = '.', ...more] = positionals;
  if (more.length > 0) {
    const message = `\`avian import-dvc\` takes one folder and got ${positionals.length}: ${positionals.join(' ')}`;
    const hint = 'avian import-dvc --help';
    return tellProblem(problem('usage', 'usage/wrong-words', message, hint), io);
  }
  const root = resolve(io.cwd, folder);
  return withRenderer(io, (renderer) => importFrom(root, options, renderer, io));
}

async function importFrom(
  root: string,
  options: { readonly dry: boolean; readonly force: boolean; readonly json: boolean },
  renderer: Renderer,
  io: Io,
): Promise<ExitStatus> {
  const opened: OpenDvcCache[] = [];
  try {
    return await withProjectAt(root, io, renderer.onEvent, async (context) => {
      const view = await importDvc(options, {
        ...context,
        openDvcCache: (cacheDir) => {
          const cache = join(root, 'cache/v1');
          const { signal } = io;
          const dvc = openDvcCache({ root, cache, cacheDir, emit: renderer.onEvent, signal });
          opened.push(dvc);
          return dvc;
        },
      });
      const shown = { text: dvcImportText, json: dvcImportJson };
      const status = show(view, shown, options.json, io);
      return view.ok && view.value.invalid !== undefined ? exitStatus.invalidPipeline : status;
    });
  } finally {
    for (const dvc of opened) dvc.close();
  }
}

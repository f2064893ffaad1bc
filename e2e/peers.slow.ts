import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { randomFrom, seedOf } from '../src/testing/random.ts';
import {
  EVERYTHING,
  randomEdit,
  randomProject,
  type Allowed,
  type RandomProject,
} from '../src/testing/random-projects.ts';
import { findDvc, INSTALL_DVC } from './dvc.ts';
import { DIFFERENCES, logged, RAW } from './peer-differences.ts';
import { Pair, pipelineText, startPairedDvc, type Endings } from './peer-pair.ts';

/*
 * avian against DVC 3 itself: random pipelines, random edits, and after each the same stages have
 * run, been restored or been skipped, and the outs are the same to the byte. Where the two differ,
 * it is meant:
 *
 *   case                                        DVC                         avian
 *   a command fails                             half an out stays           the last good out is back
 *   a frozen stage whose out is lost            fails                       restores it
 *   an out is lost, `persist`                   runs again                  restores it
 *   back, `cache: false`, its out never changed  runs again                  takes what lies there
 *   a dep is no longer declared                 nothing                     runs: it was made with it
 *   a dep becomes executable                    nothing                     runs
 *   a folder that is empty comes into a dep     nothing                     runs
 *   a stage changes its own dep                 succeeds                    fails
 *   a `cmd` of several lines                    stops at the first failure  is one script for `sh -c`
 *
 * Not compared: parallel stages, interruptions and locks, which DVC has otherwise or not at all.
 * SEED, CASES and EDITS choose what is played; AVIAN_DVC names the DVC.
 */
const CASES = Number(process.env['CASES'] ?? 25);
const EDITS = Number(process.env['EDITS'] ?? 6);
const seed = seedOf(process.env);
/** Left out of random projects: what the table above says of them is tested case by case. */
const AGREED: Allowed = { ...EVERYTHING, uncached: false, persist: false, frozen: false };

const program = findDvc();
t.setTimeout(0);
t.test(
  'after every edit avian and DVC run, restore and skip the same, and leave the same bytes',
  { skip: program === undefined && `needs DVC 3: ${INSTALL_DVC}` },
  async (t) => {
    t.comment(`seed ${seed}, ${CASES} pipelines of ${EDITS} edits`);
    let compared = 0;
    for (let number = 0; number < CASES; number += 1) compared += await playCase(t, seed + number);
    t.comment(`${compared} runs of both tools compared`);
  },
);

t.test(
  'where they differ, both do what the table says',
  { skip: program === undefined && `needs DVC 3: ${INSTALL_DVC}` },
  async (t) => {
    for (const { name, stages, change, ...expected } of DIFFERENCES) {
      const folder = fs.mkdtempSync(join(tmpdir(), 'avian-peers-'));
      const dvc = startPairedDvc(folder, program ?? '');
      try {
        const pair = new Pair(folder, dvc);
        await pair.init();
        for (const tool of ['avian', 'dvc'] as const) {
          const root = pair.root(tool);
          const declare = (text: string): void =>
            pair.write(
              tool,
              tool === 'dvc' ? 'dvc.yaml' : 'pipeline.yaml',
              `stages: ${logged(text)}\n`,
            );
          for (const [path, text] of Object.entries(RAW)) pair.write(tool, path, text);
          pair.write(tool, 'do.sh', 'echo whole > out; echo a >> "$PEERS_RAN"\n');
          declare(stages);
          const run = (): Promise<Endings> => (tool === 'dvc' ? pair.dvc(['a']) : pair.avian());
          t.same(await run(), { a: 'executed' }, `${name}: the first run of ${tool}`);
          await change(root, run, declare);
          const { a: ending } = await run();
          const out = join(root, 'out');
          const left = fs.existsSync(out)
            ? `out: ${fs.readFileSync(out, 'utf8').trim()}`
            : 'no out';
          t.equal(`a ${ending}; ${left}`, expected[tool], `${name}: ${tool}`);
        }
      } finally {
        await dvc.close();
        fs.rmSync(folder, { recursive: true, force: true });
      }
    }
  },
);

async function playCase(t: Test, caseSeed: number): Promise<number> {
  const random = randomFrom(caseSeed);
  const folder = fs.mkdtempSync(join(tmpdir(), 'avian-peers-'));
  const dvc = startPairedDvc(folder, program ?? '');
  const story: string[] = [];
  let compared = 0;
  try {
    const pair = new Pair(folder, dvc);
    await pair.init();
    let project = randomProject(random, AGREED);
    const earlier: RandomProject[] = [];
    for (let step = 0; step <= EDITS; step += 1) {
      if (step > 0) {
        const edit = randomEdit(random, project, earlier, AGREED);
        story.push(edit.what);
        if (edit.kind !== 'project') pair.disturb(edit);
        else {
          earlier.push(project);
          project = edit.project;
        }
      }
      pair.layOut(project);
      const [ours, theirs] = [
        await pair.avian(),
        await pair.dvc(project.steps.map(({ name }) => name)),
      ];
      compared += 1;
      const context = { SEED: caseSeed, CASES: 1, story, pipeline: pipelineText(project) };
      if (!t.same(ours, theirs, 'the same stages', context)) break;
      // DVC leaves half an out where a command has failed, and avian the last good one.
      for (const { name, outs } of project.steps) {
        if (ours[name] !== 'failed') continue;
        for (const out of outs) pair.disturb({ kind: 'lose-out', what: '', out });
      }
      if (!t.same(pair.outs('avian', project), pair.outs('dvc', project), 'bytes', context)) break;
    }
  } finally {
    await dvc.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return compared;
}

import * as fs from 'node:fs';
import { join } from 'node:path';

export const RAW = { raw: 'a\n', 'folder/x': 'x\n', 'params.yaml': 'p: 1\n' };
const COPY = 'cmd: cat raw > out, deps: [raw], params: [p], outs: [out]';

/** A project, what is done to it after a first run, and how its stages end then; the table above. */
export const DIFFERENCES: readonly {
  readonly name: string;
  readonly stages: string;
  readonly change: (
    root: string,
    run: () => Promise<unknown>,
    stages: (text: string) => void,
  ) => Promise<void> | void;
  readonly dvc: string;
  readonly avian: string;
}[] = [
  {
    name: 'a command fails',
    stages: '{a: {cmd: sh do.sh, deps: [do.sh], outs: [out]}}',
    change: (root) => fs.writeFileSync(join(root, 'do.sh'), 'echo half > out; exit 1\n'),
    dvc: 'a failed; out: half',
    avian: 'a failed; out: whole',
  },
  {
    name: 'a frozen stage whose out is lost',
    stages: `{a: {${COPY}}}`,
    change: (root, _run, stages) => {
      stages(`{a: {${COPY}, frozen: true}}`);
      fs.rmSync(join(root, 'out'));
    },
    dvc: 'a failed; no out',
    avian: 'a restored; out: a',
  },
  {
    name: 'an out is lost, `persist`',
    stages: `{a: {${COPY.replace('[out]', '[{out: {persist: true}}]')}}}`,
    change: (root) => fs.rmSync(join(root, 'out')),
    dvc: 'a executed; out: a',
    avian: 'a restored; out: a',
  },
  {
    name: 'back, `cache: false`, its out never changed',
    stages:
      '{a: {cmd: echo same > out; echo a >> $PEERS_RAN, deps: [raw], outs: [{out: {cache: false}}]}}',
    change: goBack,
    dvc: 'a executed; out: same',
    avian: 'a restored; out: same',
  },
  {
    name: 'a dep is no longer declared',
    stages: '{a: {cmd: cat raw > out, deps: [raw, folder], outs: [out]}}',
    change: (_root, _run, stages) => stages('{a: {cmd: cat raw > out, deps: [raw], outs: [out]}}'),
    dvc: 'a skipped; out: a',
    avian: 'a executed; out: a',
  },
  {
    name: 'a dep becomes executable',
    stages: `{a: {${COPY}}}`,
    change: (root) => fs.chmodSync(join(root, 'raw'), 0o755),
    dvc: 'a skipped; out: a',
    avian: 'a executed; out: a',
  },
  {
    name: 'a folder that is empty comes into a dep',
    stages: '{a: {cmd: cat raw > out, deps: [raw, folder], outs: [out]}}',
    change: (root) => fs.mkdirSync(join(root, 'folder/empty')),
    dvc: 'a skipped; out: a',
    avian: 'a executed; out: a',
  },
  {
    name: 'a stage changes its own dep',
    stages: '{a: {cmd: sh do.sh, deps: [do.sh, raw], outs: [out]}}',
    change: (root) =>
      fs.writeFileSync(
        join(root, 'do.sh'),
        'echo more >> raw; echo done > out; echo a >> "$PEERS_RAN"\n',
      ),
    dvc: 'a executed; out: done',
    avian: 'a failed; out: whole',
  },
  {
    name: 'a `cmd` of several lines',
    stages: `{a: {${COPY}}}`,
    change: (_root, _run, stages) =>
      stages('{a: {cmd: "false\\necho second > out\\necho a >> $PEERS_RAN", outs: [out]}}'),
    dvc: 'a failed; no out',
    avian: 'a executed; out: second',
  },
];

async function goBack(root: string, run: () => Promise<unknown>): Promise<void> {
  fs.writeFileSync(join(root, 'raw'), 'another\n');
  await run();
  fs.writeFileSync(join(root, 'raw'), RAW.raw);
}

/** A copy that says that it was made. */
export const logged = (stages: string): string =>
  stages.replaceAll('cat raw > out', "'cat raw > out; echo a >> $PEERS_RAN'");

import * as fs from 'node:fs';
import { join } from 'node:path';
import { hashBytes } from '../../src/adapters/hash/blake3.ts';

/*
 * A project whose stages write down when they start and stop, so that a test can tell whether two
 * copies of one ever ran at the same time. MARKS names a folder outside the project.
 */

/** What every stage sources, its name in $stage. */
const MARK = `
alive() { [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" != '' ] &&
  [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" != Z ]; }
if [ -n "$MARKS" ]; then
  for other in "$MARKS/$stage".*; do
    [ -e "$other" ] && alive "\${other##*.}" && echo "$stage $$ beside $other" >> "$MARKS/overlaps"
  done
  : > "$MARKS/$stage.$$"
  echo "$stage" >> "$MARKS/ran"
fi
stop() { [ -z "$MARKS" ] || rm -f "$MARKS/$stage.$$"; }
`;

const PIPELINE = `
stages:
  prepare:
    cmd: sh prepare.sh
    deps: [mark.sh, prepare.sh, raw]
    outs: [clean]
  train:
    cmd: sh train.sh
    deps: [mark.sh, train.sh, clean]
    params: [lr]
    outs: [model, log.txt: {persist: true}]
    metrics: [metrics.json: {cache: false}]
  side:
    cmd: sh side.sh
    deps: [mark.sh, side.sh, raw/0.txt]
    outs: [side.txt]
  report:
    cmd: sh report.sh
    deps: [mark.sh, report.sh, model, side.txt]
    outs: [report/all.txt]
`;

const FILES: { readonly [path: string]: string } = {
  'pipeline.yaml': PIPELINE,
  'params.yaml': 'lr: 0.1\n',
  'mark.sh': MARK,
  'prepare.sh': `
stage=prepare
. ./mark.sh
mkdir -p clean/deep
for file in raw/*; do sed s/raw/clean/ "$file" > "clean/\${file##*/}"; done
sleep 0.15
cat raw/* > clean/deep/all
stop
`,
  // Two processes in the group, and an out that takes its time to become whole.
  'train.sh': `
stage=train
. ./mark.sh
mkdir -p model/parts
echo half > model/weights
(sleep 0.2; cat clean/0.txt > model/parts/a) & wait
cat clean/deep/all "$AVIAN_PARAMS" > model/weights
echo "trained on $(cat raw/0.txt)" > log.txt
wc -c < model/weights > model/size
echo "{\\"size\\": $(cat model/size)}" > metrics.json
stop
`,
  'side.sh': 'stage=side\n. ./mark.sh\nsleep 0.25\ncat raw/0.txt > side.txt\nstop\n',
  'report.sh':
    'stage=report\n. ./mark.sh\nmkdir -p report\ncat model/weights side.txt > report/all.txt\nstop\n',
};

/** What the stages write. */
export const CACHED = ['clean', 'model', 'log.txt', 'side.txt', 'report/all.txt'];
export const OUTS = [...CACHED, 'metrics.json'];

/** What people wrote themselves: no fault may change it. */
export const USERS = [...Object.keys(FILES), 'raw'];

/** Raw data in its n-th version. */
export function writeRaw(root: string, version: number): void {
  fs.mkdirSync(join(root, 'raw'), { recursive: true });
  for (let file = 0; file < 12; file++) {
    fs.writeFileSync(join(root, `raw/${file}.txt`), `raw ${file} version ${version}\n`);
  }
  // Larger than what is read in one piece.
  fs.writeFileSync(join(root, 'raw/large.txt'), `raw ${version}\n`.repeat(200_000));
}

export function writeProject(root: string): void {
  fs.mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(FILES)) fs.writeFileSync(join(root, path), text);
  writeRaw(root, 1);
}

/** Everything in the project but the cache, a line a file: two runs of the same give the same. */
export function picture(root: string, only?: readonly string[]): string[] {
  const lines: string[] = [];
  const visit = (below: string): void => {
    const absolute = join(root, below);
    const stat = fs.lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) {
      for (const name of fs.readdirSync(absolute).sort()) {
        if (below === '' && name === 'cache') continue;
        visit(below === '' ? name : `${below}/${name}`);
      }
      return;
    }
    const bytes = fs.readFileSync(absolute);
    const start = JSON.stringify(bytes.toString('utf8', 0, 40));
    const digest = hashBytes(bytes).toString('hex', 0, 8);
    lines.push(`${below} ${(stat.mode & 0o777).toString(8)} ${bytes.length} ${digest} ${start}`);
  };
  for (const path of only ?? ['']) visit(path);
  return lines;
}

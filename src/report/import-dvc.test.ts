import t from 'tap';
import type { DvcImportView } from '../model/dvc.ts';
import { digest, path, stage } from '../testing/samples.ts';
import { dvcImportJson, dvcImportText } from './import-dvc.ts';
import { createStyle } from './style.ts';

const style = createStyle({ colour: false, ascii: false });

const VIEW: DvcImportView = {
  dry: false,
  stages: [
    { name: stage('train'), file: 'dvc.yaml', locked: true, verdict: 'up-to-date' },
    {
      name: stage('sub.train'),
      file: 'sub/dvc.yaml',
      was: 'train',
      locked: false,
      verdict: 'stale',
    },
  ],
  sources: [
    { path: path('data'), content: { digest: digest('ab'), size: 2048, files: 3 } },
    { path: path('gone.csv') },
  ],
  copied: { files: 1, bytes: 2048 },
  written: ['pipeline.yaml', 'pipeline.lock'],
  notes: [
    {
      code: 'import-dvc/external-dep',
      file: 'dvc.yaml',
      line: 7,
      message: 'the dep `s3://b/x` is not taken over: it lies outside the project',
      hint: 'give the stage a `probe`',
    },
    {
      code: 'import-dvc/missing',
      file: 'gone.csv.dvc',
      message: '`gone.csv` is\nlost',
      hint: 'look',
    },
  ],
};

t.test('stages, raw data, and a line for each thing to do', (t) => {
  t.equal(
    dvcImportText(VIEW, style),
    `✓ train      dvc.yaml                up-to-date
! sub.train  sub/dvc.yaml, as train  stale
✓ data       raw data                3 files, 2.0 KiB
! gone.csv   raw data
wrote pipeline.yaml, pipeline.lock
copied 1 file (2.0 KiB) out of DVC's cache

not taken over as it was:
dvc.yaml:7: the dep \`s3://b/x\` is not taken over: it lies outside the project; give the stage a \`probe\`
gone.csv.dvc: \`gone.csv\` is lost; look
`,
  );
  t.end();
});

t.test('--dry, and a pipeline that cannot be loaded', (t) => {
  const { notes: _, ...rest } = VIEW;
  const dry = dvcImportText(
    {
      ...rest,
      ...{ dry: true, notes: [], sources: [], written: [] },
      stages: [{ name: stage('train'), file: 'dvc.yaml', locked: true }],
      invalid: [{ severity: 'error', code: 'pipeline/cycle', message: 'a needs b' }],
    },
    style,
  );
  t.equal(
    dry,
    `✓ train  dvc.yaml  its last run is known
nothing was written (--dry)

pipeline.yaml cannot be loaded yet, so no stage's last run was taken over:
error[pipeline/cycle]: a needs b
`,
  );
  t.end();
});

t.test('JSON holds the same facts', (t) => {
  const json = dvcImportJson(VIEW);
  t.match(json, { v: 1, dry: false, copied: { files: 1 }, notes: [{ line: 7 }, {}] });
  t.same(JSON.parse(JSON.stringify(json)), json);
  t.end();
});

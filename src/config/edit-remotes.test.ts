import t from 'tap';
import { editRemotes } from './edit-remotes.ts';

const PIPELINE = `# what we train
stages:
  train: # the slow one
    cmd: python train.py --a-very-long-option=1 --another-very-long-option=2 --and-one-more=3 --and-more
    outs: [model]

# where it goes
remotes:
  lab: {url: gs://birds/team} # ask Ana
`;

t.test('everything but the remotes stays as it was written', async (t) => {
  const added = await editRemotes(PIPELINE, [
    {
      kind: 'set',
      remote: { name: 'local', url: 'file:///data', endpoint: 'http://127.0.0.1:1' },
    },
    { kind: 'default', name: 'local' },
  ]);
  t.equal(
    added,
    `${PIPELINE}  local:\n    url: file:///data\n    endpoint: http://127.0.0.1:1\nremote: local\n`,
  );
  const back = await editRemotes(added, [
    { kind: 'remove', name: 'local' },
    { kind: 'default', name: undefined },
  ]);
  t.equal(back, PIPELINE);
});

t.test('one that is there is changed where it stands', async (t) => {
  const changed = await editRemotes(PIPELINE, [
    { kind: 'set', remote: { name: 'lab', url: 'gs://other' } },
  ]);
  t.equal(changed, PIPELINE.replace('gs://birds/team', 'gs://other'));
});

t.test('the first and the last', async (t) => {
  const first = await editRemotes('stages: {}\n', [
    { kind: 'set', remote: { name: 'a', url: 'gs://birds' } },
  ]);
  t.equal(first, 'stages: {}\nremotes:\n  a:\n    url: gs://birds\n');
  t.equal(await editRemotes(first, [{ kind: 'remove', name: 'a' }]), 'stages: {}\n');
});

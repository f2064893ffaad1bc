import * as fs from 'node:fs';
import t from 'tap';
import { toRef } from '../../model/artifact.ts';
import { contentsContract } from '../../testing/contracts/contents.contract.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { openBed, path, type DiskBed } from '../workspace/testing.ts';
import { openContents } from './contents.ts';

const contentsOf = ({ root, workspace }: DiskBed) =>
  openContents({ root, objects: workspace.objects });

contentsContract(t, async (t) => {
  const bed = openBed(t);
  return { ...bed, contents: contentsOf(bed) };
});

t.test('links are left out, wherever they lead', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'egg');
  fs.symlinkSync('/etc/passwd', `${bed.root}/nest/secret`);
  fs.symlinkSync('egg', `${bed.root}/nest/same`);
  const found = await contentsOf(bed).inWorkspace(path('nest'), 9);
  t.same(
    found?.files.map(({ below }) => below),
    ['egg'],
  );
});

t.test('a file that goes between listing and reading is no error', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'egg');
  const ref = toRef(await content(bed.workspace.commit(path('nest'))));
  await bed.workspace.sync();
  const contents = contentsOf(bed);
  const [here] = (await contents.inWorkspace(path('nest'), 9))?.files ?? [];
  const [kept] = (await contents.inCache(ref, 9))?.files ?? [];
  await bed.remove('nest');
  await bed.loseObjects();
  t.equal(await here?.read(), undefined);
  t.equal(await kept?.read(), undefined);
});

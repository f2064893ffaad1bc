import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import t from 'tap';
import { readElf } from './elf.ts';
import { resolveLibraries, systemDirectories } from './libraries.ts';

const linux = process.platform === 'linux' ? false : 'reads ELF files, which only Linux has';

t.test(
  'the loader and libraries of this Node are those that ldd names',
  { skip: linux },
  async (t) => {
    const libraries = await resolveLibraries(process.execPath, []);
    t.same(libraries.missing, []);
    const names = [libraries.loader, ...libraries.found].map((one) => basename(one?.path ?? ''));
    let listed: string;
    try {
      listed = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
    } catch {
      return t.comment('no ldd here to compare with');
    }
    const expected = listed
      .split('\n')
      .map((line) => basename(line.trim().split(/ => | \(/)[0] ?? ''))
      .filter((name) => name !== '' && !name.startsWith('linux-vdso'));
    t.same(names.sort(), expected.sort());
    for (const { source } of libraries.found) t.ok(existsSync(source));
  },
);

t.test('what is no 64-bit ELF file is passed over, however it is mangled', async (t) => {
  const at = t.testdir({ text: 'hello', short: '\x7fELF', empty: '' });
  for (const name of ['text', 'short', 'empty']) {
    t.equal(await readElf(join(at, name)), undefined);
  }
  const head = readFileSync(process.execPath).subarray(0, 4096);
  for (let offset = 0; offset < 64; offset += 1) {
    const mangled = Buffer.from(head);
    mangled.writeUInt8(0xff, offset);
    writeFileSync(join(at, 'mangled'), mangled);
    // The tables lie beyond the 4 KiB, so the only right answers are few; none may throw.
    await readElf(join(at, 'mangled'));
  }
  t.same(await resolveLibraries(join(at, 'text'), []), {
    loader: undefined,
    found: [],
    missing: [],
  });
});

t.test(
  'a native module brings its libraries, or says which is missing',
  { skip: linux },
  async (t) => {
    const at = t.testdir();
    const real = await resolveLibraries(process.execPath, []);
    const library = real.found.find(({ path }) => /libstdc\+\+|libgcc_s/.test(path));
    if (library === undefined) return t.comment('this Node links no such library');
    const module = join(at, 'addon.node');
    copyFileSync(library.source, module);
    // An empty system: everything the module needs is missing, and it is said who needs it.
    const bare = await resolveLibraries(module, [module], [join(at, 'none')]);
    t.ok(bare.missing.length > 0);
    t.equal(bare.missing[0]?.neededBy, module);
    // The same library beside it satisfies it, as packages ship theirs.
    const shipped = bare.missing.map(({ name }) => {
      const found = real.found.find(({ path }) => basename(path) === name);
      copyFileSync(found?.source ?? library.source, join(at, name));
      return join(at, name);
    });
    const served = await resolveLibraries(module, [module, ...shipped], [join(at, 'none')]);
    t.notOk(served.missing.some(({ name }) => shipped.includes(join(at, name))));
  },
);

t.test('search directories: ld.so.conf with its includes, then the built-in ones', (t) => {
  const at = t.testdir();
  mkdirSync(join(at, 'etc/ld.so.conf.d'), { recursive: true });
  writeFileSync(join(at, 'etc/ld.so.conf'), 'include ld.so.conf.d/*.conf # all\n/opt/late\n');
  writeFileSync(join(at, 'etc/ld.so.conf.d/b.conf'), '/opt/b\ninclude ../ld.so.conf\n');
  writeFileSync(join(at, 'etc/ld.so.conf.d/a.conf'), '# none\n/opt/a\n/lib\n');
  symlinkSync('nowhere', join(at, 'etc/ld.so.conf.d/c.conf'));
  t.same(systemDirectories(at), [
    '/opt/a',
    '/lib',
    '/opt/b',
    '/opt/late',
    '/lib64',
    '/usr/lib64',
    '/usr/lib',
  ]);
  t.end();
});

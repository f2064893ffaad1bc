import t from 'tap';
import { FakeObjectStore } from '../fake-object-store.ts';
import { FakeWorld } from '../fakes.ts';
import { objectStoreContract, type StoreBed } from './object-store.contract.ts';

objectStoreContract(t, (): Promise<StoreBed> => {
  const world = new FakeWorld({});
  const { workspace } = world.ports();
  return Promise.resolve({
    workspace,
    store: new FakeObjectStore(world),
    write: async (path, text) => void world.files.set(path, text),
    read: async (path) => world.files.get(path),
    async remove(path) {
      for (const file of [...world.files.keys()]) {
        if (file === path || file.startsWith(`${path}/`)) world.files.delete(file);
      }
    },
    loseObjects: async () => {
      world.workspace.objects.clear();
    },
    reopen: async () => world.ports().workspace,
    async makeFile(text) {
      world.files.set('given', text);
      return 'given';
    },
  });
});

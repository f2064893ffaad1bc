import t from 'tap';
import { FakeContents } from '../fake-contents.ts';
import { FakeWorld } from '../fakes.ts';
import { contentsContract } from './contents.contract.ts';

contentsContract(t, async () => {
  const world = new FakeWorld({});
  const { workspace } = world.ports();
  return {
    ...{ workspace, contents: new FakeContents(world) },
    write: async (path, text) => void world.files.set(path, text),
    read: async (path) => world.files.get(path),
    remove: async (path) => void world.files.delete(path),
    loseObjects: async () => world.workspace.objects.clear(),
    reopen: async () => world.ports().workspace,
  };
});

import t from 'tap';
import type { Test } from 'tap';
import { FakeWorld } from '../fakes.ts';
import { workspaceContract, type WorkspaceBed } from './workspace.contract.ts';

// The workspace in memory has to earn its place: the engine's tests are only as true as it is.
workspaceContract(t, (_: Test): Promise<WorkspaceBed> => {
  const world = new FakeWorld({});
  const { workspace } = world.ports();
  return Promise.resolve({
    workspace,
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
  });
});

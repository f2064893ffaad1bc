import t from 'tap';
import { workspaceContract } from '../../testing/contracts/workspace.contract.ts';
import { openBed } from './testing.ts';

workspaceContract(t, (t) => Promise.resolve(openBed(t)));

import { basename, resolve } from 'node:path';
import { Supervisor } from './supervisor.ts';

/**
 * `node supervisor-program.ts <cache/v1/services/name>`: started by the local deployer in a
 * session of its own. Its environment is what services inherit.
 */
const [, , argument = ''] = process.argv;
const directory = resolve(argument);
const supervisor = new Supervisor({
  directory,
  name: basename(directory),
  pid: process.pid,
  environment: process.env,
  kill: (pid, signal) => process.kill(pid, signal),
});
process.on('SIGHUP', () => supervisor.look());
process.on('SIGTERM', () => supervisor.stop());
// Ctrl-C in the terminal that deployed reaches only that terminal's session; this is for people.
process.on('SIGINT', () => supervisor.stop());
// Nothing is left to do then; a socket that somebody keeps open must not keep us. No top-level await:
// the bundle is CommonJS. A rejection nobody handles ends the program, as it should.
void supervisor.run().then(() => process.exit(0));

/**
 * The way to the bucket, as a process of its own: `run.ts` stands still while it measures a command.
 * Forked with the bucket's address and the milliseconds that each request waits; answers `endpoint` and
 * `requests`, the count since it was asked last.
 */
import { openFaultProxy } from '../../src/testing/fault-proxy.ts';

const [target = '', latency = '0'] = process.argv.slice(2);
const proxy = await openFaultProxy(target);
proxy.latency = Number(latency);

process.on('message', (question) => {
  if (question === 'endpoint') process.send?.(proxy.endpoint);
  if (question === 'requests') process.send?.(proxy.passed.splice(0).length);
});
process.on('disconnect', () => process.exit());

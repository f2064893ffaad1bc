import t from 'tap';
import { createRig } from './rig.ts';

/** Answers its health path and says which version it is. */
const server = (version: string): string => `
import { createServer } from 'node:http';
createServer((_, answer) => answer.end('${version}')).listen(process.env.PORT, process.env.HOST);
process.on('SIGTERM', () => process.exit(0));
`;

const PROJECT = {
  'pipeline.yaml': `
stages:
  image:
    cmd: avian image build -o image --copy service:/app --workdir /app --entrypoint "node server.mjs"
    deps: [service]
    outs: [image]
  deploy:
    cmd: avian deploy image --name greeter --health / --record deployment.json
    deps: [image]
    effect: true
    probe: avian deploy status greeter
    outs: [deployment.json: {cache: false}]
`,
  'service/server.mjs': server('one'),
};

t.test(
  'a pipeline deploys, notices a dead service, deploys again at the same URL, and goes back',
  async (t) => {
    const rig = createRig(t, PROJECT);
    t.teardown(() => rig.avian('stop'));
    const answer = async (url: string): Promise<string> =>
      // A connection kept alive stays with its revision while that one drains.
      (await fetch(url, { headers: { connection: 'close' } })).text();
    const urlOf = (stdout: string): string => {
      const last = stdout.trimEnd().split('\n').at(-1) ?? '';
      t.match(last, /^url http:\/\/127\.0\.0\.1:\d+$/, 'the last line is the URL');
      return last.replace('url ', '');
    };

    const first = await rig.avian('repro');
    t.equal(first.code, 0, first.stderr);
    const url = urlOf(first.stdout);
    t.equal(await answer(url), 'one');

    const again = await rig.avian('repro');
    t.match(again.stderr, /2 up to date/);
    t.equal(urlOf(again.stdout), url);

    rig.write('service/server.mjs', server('two'));
    t.equal(urlOf((await rig.avian('repro')).stdout), url, 'the URL stays');
    t.equal(await answer(url), 'two');
    const lineage = await rig.avian('lineage service --down');
    t.match(lineage.stdout, /greeter-00002/, 'lineage reaches the service');

    t.equal((await rig.avian('rollback greeter')).code, 0);
    t.equal(await answer(url), 'one');
    t.match(
      (await rig.avian('status')).stdout,
      /deploy +! stale/,
      'which the pipeline did not ask for',
    );
    t.equal(urlOf((await rig.avian('repro')).stdout), url);
    t.equal(await answer(url), 'two');

    t.equal((await rig.avian('stop')).stdout, 'greeter stopped\n');
    t.equal((await rig.avian('deploy status greeter')).code, 1);
    const revived = await rig.avian('repro');
    t.match(revived.stderr, /1 executed, 1 up to date/);
    t.equal(await answer(urlOf(revived.stdout)), 'two');
  },
);

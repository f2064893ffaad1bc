import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Proxy } from './proxy.ts';

/** Answers everything with its name, when the client has said all it had to say. */
async function upstream(t: Test, name: string): Promise<{ port: number; server: Server }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    let heard = 0;
    socket.on('data', (chunk) => (heard += chunk.length));
    socket.on('end', () => socket.end(`${name} heard ${heard}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

async function proxyFor(t: Test, holdMs?: number): Promise<Proxy> {
  const proxy = new Proxy(holdMs);
  await proxy.listen(0);
  t.teardown(() => proxy.close());
  return proxy;
}

/** Everything until the end; a stream's iterator would destroy the socket's other half. */
const text = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    socket.on('end', () => resolve(said));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('cut')));
  });

const say = (port: number, what: string): Promise<string> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(what);
  return text(socket);
};

t.test('bytes pass both ways, half-closed connections too', async (t) => {
  const proxy = await proxyFor(t);
  proxy.route((await upstream(t, 'a')).port);
  t.equal(await say(proxy.port!, 'x'.repeat(3_000_000)), 'a heard 3000000');
});

t.test('open connections stay, new ones go to the new upstream', async (t) => {
  const proxy = await proxyFor(t);
  const [a, b] = [await upstream(t, 'a'), await upstream(t, 'b')];
  proxy.route(a.port);
  const old = connect({ port: proxy.port!, host: '127.0.0.1', allowHalfOpen: true });
  old.write('12');
  await once(a.server, 'connection');
  t.equal(proxy.connections(a.port), 1);
  proxy.route(b.port);
  t.equal(await say(proxy.port!, '123'), 'b heard 3');
  old.end('34');
  t.equal(await text(old), 'a heard 4');
  while (proxy.connections(a.port) > 0) await sleep(1);
});

t.test('a connection waits for an upstream that is not there yet, up to a limit', async (t) => {
  const proxy = await proxyFor(t);
  const early = say(proxy.port!, 'early');
  const gone = await upstream(t, 'gone');
  await new Promise((resolve) => gone.server.close(resolve));
  proxy.route(gone.port);
  await sleep(60);
  proxy.route((await upstream(t, 'late')).port);
  t.equal(await early, 'late heard 5');

  const impatient = await proxyFor(t, 1);
  await t.rejects(say(impatient.port!, 'x'));
});

t.test(
  'a client that leaves takes its upstream connection along, and the other way round',
  async (t) => {
    const proxy = await proxyFor(t);
    const a = await upstream(t, 'a');
    proxy.route(a.port);
    const client = connect(proxy.port!, '127.0.0.1');
    const [served] = (await once(a.server, 'connection')) as [Socket];
    client.destroy();
    await once(served, 'close');
    const second = connect(proxy.port!, '127.0.0.1');
    second.on('error', () => undefined);
    const [other] = (await once(a.server, 'connection')) as [Socket];
    second.write('x');
    await once(other, 'data');
    other.resetAndDestroy();
    await once(second, 'close');
    while (proxy.connections(a.port) > 0) await sleep(1);
  },
);

t.test('listening elsewhere leaves the earlier port; a taken port is refused', async (t) => {
  const proxy = await proxyFor(t);
  const before = proxy.port!;
  const taken = await upstream(t, 'a');
  await t.rejects(proxy.listen(taken.port), { code: 'EADDRINUSE' });
  t.equal(proxy.port, before);
  await proxy.listen(0);
  t.not(proxy.port, before);
  await t.rejects(say(before, 'x'));
  proxy.refuse();
  t.equal(proxy.port, undefined);
});

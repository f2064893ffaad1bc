import t from 'tap';
import { dockerfileOf } from './dockerfile.ts';
import { planImage, type ImageOptions } from './image-plan.ts';

function render(options: Partial<ImageOptions>): string {
  const planned = planImage({ output: 'out', copy: ['dist:/app'], builder: 'docker', ...options });
  if (!planned.ok) throw new Error(JSON.stringify(planned.error));
  return dockerfileOf(planned.value);
}

t.test('a plan as a Dockerfile', (t) => {
  t.equal(
    render({
      copy: ['dist:/app', 'a b:/etc/$x'],
      model: 'm:/app/model',
      workdir: '/app',
      entrypoint: 'node server.js "two words"',
      env: ['A=1', 'B=say "$HOME" \\ now'],
      expose: ['8080'],
      health: { cmd: 'node -e "a(`b`)"', interval: '1.5s', retries: '3' },
    }),
    [
      'ARG BASE',
      'FROM $BASE',
      'COPY ["0","/app"]',
      'COPY ["1","/etc/\\\\$x"]',
      'COPY ["2","/app/model"]',
      'WORKDIR "/app"',
      'ENV A="1"',
      'ENV B="say \\"\\$HOME\\" \\\\ now"',
      'EXPOSE 8080/tcp',
      'USER 65532:65532',
      'STOPSIGNAL SIGTERM',
      'HEALTHCHECK --interval=1.5s --retries=3 CMD ["node","-e","a(`b`)"]',
      'ENTRYPOINT ["node","server.js","two words"]',
      '',
    ].join('\n'),
  );
  t.equal(
    render({}),
    'ARG BASE\nFROM $BASE\nCOPY ["0","/app"]\nUSER 65532:65532\nSTOPSIGNAL SIGTERM\n',
  );
  t.end();
});

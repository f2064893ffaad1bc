import t from 'tap';
import { traceFields, traceOf } from './trace.ts';

const id = '4bf92f3577b34da6a3ce929d0e0e4736';

t.test('traceparent', (t) => {
  const read = (traceparent: string) => traceOf({ traceparent });
  t.same(read(`00-${id}-00f067aa0ba902b7-01`), {
    ...{ traceId: id, spanId: '00f067aa0ba902b7', sampled: true },
  });
  t.match(read(`00-${id}-00f067aa0ba902b7-00`), { sampled: false });
  t.match(read(`cc-${id}-00f067aa0ba902b7-01-what-comes-later`), { traceId: id });
  for (const wrong of [
    '',
    `00-${id}-00f067aa0ba902b7`,
    `ff-${id}-00f067aa0ba902b7-01`,
    `00-${id.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${id}-0000000000000000-01`,
    `00-${id}-00f067aa0ba902b7-01\n`,
  ]) {
    t.equal(read(wrong), undefined, wrong);
  }
  t.end();
});

t.test('X-Cloud-Trace-Context, whose span is decimal', (t) => {
  const read = (header: string) => traceOf({ 'x-cloud-trace-context': header });
  t.same(read(`${id}/67667974448284343;o=1`), {
    ...{ traceId: id, spanId: '00f067aa0ba902b7', sampled: true },
  });
  t.same(read(id), { traceId: id, spanId: undefined, sampled: false });
  t.match(read(`${id}/0;o=0`), { spanId: undefined });
  t.equal(read(`${id}/x;o=1`), undefined);
  t.equal(read('short/1'), undefined);
  const both = { traceparent: `00-${id}-00f067aa0ba902b7-01`, 'x-cloud-trace-context': 'x' };
  t.match(traceOf(both), { traceId: id });
  t.equal(traceOf({}), undefined);
  t.end();
});

t.test('the fields of Cloud Logging', (t) => {
  t.same(traceFields(traceOf({ 'x-cloud-trace-context': `${id}/1;o=1` }), 'birds'), {
    'logging.googleapis.com/trace': `projects/birds/traces/${id}`,
    'logging.googleapis.com/spanId': '0000000000000001',
    'logging.googleapis.com/trace_sampled': true,
  });
  t.match(traceFields(traceOf({ 'x-cloud-trace-context': id }), ''), {
    'logging.googleapis.com/trace': id,
  });
  t.same(traceFields(undefined, 'birds'), {});
  t.end();
});

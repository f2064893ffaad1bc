import t from 'tap';
import { createManualTicker } from '../testing/samples.ts';
import { done, executed, output, plan, settled, started } from '../testing/events.ts';
import { createAnnouncer } from './announce.ts';

t.test(
  'what changes is said once; what stages print, and that they still run, is not',
  async (t) => {
    let said = '';
    const ticker = createManualTicker();
    const announcer = createAnnouncer({
      out: () => undefined,
      err: (text) => void (said += text),
      ticker,
      ...{ colour: false, ascii: false, columns: 80 },
    });
    announcer.onEvent(plan('train'));
    announcer.onEvent(started('train'));
    announcer.onEvent(output('train', 'epoch 1\nunfinished'));
    ticker.pass(60_000);
    announcer.onEvent(settled('train', executed, 60_000));
    announcer.onEvent(done({ executed: 1 }));
    announcer.close();
    t.equal(
      said,
      `plan  1 stage: train
▶ train  params.train.lr 0.001 -> 0.0003
✓ train  executed 1m 00s
done in 12s: 1 executed
`,
    );
  },
);

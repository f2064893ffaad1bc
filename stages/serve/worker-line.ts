/** Questions to a thread and its answers, matched by number. */
import { isMarkedAsUntransferable, Worker } from 'node:worker_threads';

/** `end`: no more questions will come. */
export type ToThread<Body> = { readonly id: number; readonly body: Body } | 'end';

export type FromThread<Greeting, Answer> =
  | { readonly kind: 'ready'; readonly greeting: Greeting }
  | { readonly kind: 'unusable'; readonly message: string; readonly hint: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string };

export interface WorkerLine<Greeting, Body, Answer> {
  readonly greeting: Greeting;
  /** Rejects where the thread fails at this one question, or has ended. */
  ask(body: Body, transfer: ArrayBuffer[]): Promise<Answer>;
  /** Resolves with the reason if the thread ends by itself; every later question rejects. */
  readonly died: Promise<Error>;
  /** Lets the thread finish what it was asked and end; then resolves. */
  end(): Promise<void>;
}

interface Asker<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A thread said at its start that it cannot work: a model that is missing, for instance. */
export class UnusableThread extends Error {
  override readonly name = 'UnusableThread';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Starts `name`, a module beside this one, and waits for its greeting. Throws UnusableThread. */
export async function openWorkerLine<Greeting, Body, Answer>(
  name: string,
  setup: unknown,
): Promise<WorkerLine<Greeting, Body, Answer>> {
  const worker = new Worker(siblingModule(name), { workerData: setup });
  const waiting = new Map<number, Asker<Answer>>();
  let dead: Error | undefined;
  let nextId = 0;

  const died = new Promise<Error>((resolve) => {
    const end = (error: Error): void => {
      dead ??= error;
      for (const { reject } of waiting.values()) reject(dead);
      waiting.clear();
      resolve(dead);
    };
    worker.on('error', end);
    worker.on('exit', (code) => {
      end(new Error(`the thread ${name} ended with code ${code}`));
    });
  });
  const take = (id: number) => {
    const entry = waiting.get(id);
    waiting.delete(id);
    return entry;
  };

  const greeting = await new Promise<Greeting>((resolve, reject) => {
    void died.then(reject);
    worker.on('message', (message: FromThread<Greeting, Answer>) => {
      switch (message.kind) {
        case 'ready':
          resolve(message.greeting);
          break;
        case 'unusable':
          reject(new UnusableThread(message.message, message.hint));
          break;
        case 'answer':
          take(message.id)?.resolve(message.answer);
          break;
        case 'failure':
          take(message.id)?.reject(new Error(message.message));
          break;
      }
    });
  });

  return {
    greeting,
    died,
    ask(body, transfer) {
      if (dead !== undefined) return Promise.reject(dead);
      const id = nextId++;
      const question: ToThread<Body> = { id, body };
      worker.postMessage(question, transfer);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
      });
    },
    async end() {
      const last: ToThread<Body> = 'end';
      // Not terminate(): onnxruntime's binding aborts the whole process where its thread is taken away in a call.
      worker.postMessage(last);
      await died;
    },
  };
}

/** The other end: in the thread. `answer` gives its answer and the buffers that go along with it. */
export function answerQuestions<Greeting, Body, Answer>(
  port: {
    postMessage(message: FromThread<Greeting, Answer>, transfer?: ArrayBuffer[]): void;
    on(event: 'message', listener: (question: ToThread<Body>) => void): unknown;
    close(): void;
  },
  greeting: Greeting,
  answer: (body: Body) => Promise<{ answer: Answer; transfer: ArrayBuffer[] }>,
): void {
  const under = new Set<number>();
  let ending = false;
  const settled = (id: number): void => {
    under.delete(id);
    if (ending && under.size === 0) port.close();
  };
  port.on('message', (question) => {
    if (question === 'end') {
      ending = true;
      if (under.size === 0) port.close();
      return;
    }
    const { id, body } = question;
    under.add(id);
    const answered = answer(body).then(
      ({ answer: given, transfer }) => {
        port.postMessage({ kind: 'answer', id, answer: given }, transfer);
      },
      (error: unknown) => {
        port.postMessage({ kind: 'failure', id, message: String(error) });
      },
    );
    void answered.then(() => {
      settled(id);
    });
  });
  port.postMessage({ kind: 'ready', greeting });
}

/**
 * The buffer of values that can move to another thread rather than be copied. A view into a shared pool must not take
 * the pool along, and what native code has made belongs to it.
 */
export function movable({ buffer, byteLength }: ArrayBufferView): ArrayBuffer[] {
  const isAlone = byteLength === buffer.byteLength && !isMarkedAsUntransferable(buffer);
  return isAlone ? [buffer as ArrayBuffer] : [];
}

/** A module beside this one, as source or in the bundle. */
function siblingModule(name: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${extension}`, import.meta.url);
}

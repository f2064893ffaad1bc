/** A request whose body is sent in two parts, with whatever the test does in between. */
import { request } from 'node:http';

export interface SlowPost {
  /** Rejects where the connection ends without an answer. */
  readonly answer: Promise<{ status: number; body: string }>;
  readonly finish: () => void;
  /** Ends the connection in the middle of the photograph. */
  readonly abandon: () => void;
}

/** `first` bytes of the photograph are sent at once, the rest by `finish`. */
export function slowPost(url: string, photograph: Uint8Array, first = 100): SlowPost {
  const boundary = 'in-two-parts';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="bird_image"; filename="a.jpg"\r\n\r\n`;
  const sending = request(`${url}/infer_image`, {
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  });
  sending.write(Buffer.concat([Buffer.from(head), photograph.subarray(0, first)]));
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    sending.on('error', reject);
    sending.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
  });
  return {
    answer,
    finish: () => {
      sending.end(
        Buffer.concat([photograph.subarray(first), Buffer.from(`\r\n--${boundary}--\r\n`)]),
      );
    },
    abandon: () => {
      sending.destroy();
    },
  };
}

/** Asks again until it holds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Are `least` photographs on their way in or being worked on? */
export async function inFlight(url: string, least = 1): Promise<boolean> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const [, count] = /photographs_in_flight (\d+)/.exec(metrics) ?? [];
  return Number(count) >= least;
}

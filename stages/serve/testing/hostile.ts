/** What nobody should send: damaged photographs, damaged forms, and connections that never end. All of it from a seed. */
import { request } from 'node:http';
import { connect } from 'node:net';
import sharp, { type Sharp } from 'sharp';
import type { Random } from '../../vision/random.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Photographs of all kinds that the service reads, small ones of the size `fitting` among them. */
export async function goodPhotographs(fitting: number, chance: Random): Promise<Buffer[]> {
  const noise = (width: number, height: number): Sharp => {
    const values = Array.from({ length: width * height * 3 }, () => 120 + 40 * chance.normal());
    return sharp(Uint8ClampedArray.from(values), { raw: { width, height, channels: 3 } });
  };
  const clear = noise(40, 30).ensureAlpha(0.5);
  return Promise.all(
    [
      noise(fitting, fitting).jpeg(),
      noise(120, 80).jpeg({ progressive: true }),
      noise(90, 70).jpeg().withMetadata({ orientation: 6 }),
      noise(33, 17).greyscale().jpeg(),
      noise(20, 20).toColourspace('cmyk').jpeg(),
      noise(50, 40).png(),
      noise(50, 40).png({ progressive: true }),
      noise(30, 30).png({ palette: true }),
      clear.clone().png(),
      noise(60, 40).webp(),
      noise(30, 30).webp({ lossless: true }),
      clear.clone().webp(),
    ].map((image) => image.toBuffer()),
  );
}

/** A copy with one to four kinds of damage. */
export function damaged(photograph: Buffer, others: readonly Buffer[], chance: Random): Buffer {
  let bytes: Buffer = Buffer.from(photograph);
  for (let turn = 1 + chance.int(4); turn > 0; turn--) {
    bytes = chance.pick(damages)(bytes, chance, chance.pick(others));
  }
  return bytes;
}

type Damage = (bytes: Buffer, chance: Random, other: Buffer) => Buffer;

const somewhere = (bytes: Buffer, chance: Random): number => chance.int(bytes.length + 1);

const damages: readonly Damage[] = [
  // Bits, anywhere and in the header, where they say the most.
  (bytes, chance) => {
    for (let count = 1 + chance.int(16); count > 0 && bytes.length > 0; count--) {
      const at = chance.int(chance.int(2) === 0 ? bytes.length : Math.min(64, bytes.length));
      bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.int(8));
    }
    return bytes;
  },
  (bytes, chance) => bytes.subarray(0, somewhere(bytes, chance)),
  (bytes, chance, other) =>
    Buffer.concat([
      bytes.subarray(0, somewhere(bytes, chance)),
      other.subarray(somewhere(other, chance)),
    ]),
  (bytes, chance) => {
    const at = somewhere(bytes, chance);
    const piece = bytes.subarray(at, at + chance.int(2000));
    return Buffer.concat([bytes.subarray(0, at), piece, piece, bytes.subarray(at)]);
  },
  (bytes, chance) =>
    bytes.fill(
      chance.pick([0, 0xff, chance.int(256)]),
      somewhere(bytes, chance),
      somewhere(bytes, chance),
    ),
  // Numbers that sizes are made of.
  (bytes, chance) => {
    const value = chance.pick([0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff]);
    const at = chance.int(Math.max(1, Math.min(bytes.length, 400) - 4));
    if (bytes.length >= at + 4) bytes.writeUInt32BE(value, at);
    return bytes;
  },
  (bytes, chance) =>
    Buffer.concat([
      bytes,
      Buffer.from(Array.from({ length: chance.int(500) }, () => chance.int(256))),
    ]),
];

/** A form with the photograph in it. */
export function formWith(photograph: Uint8Array, boundary = 'x'): Buffer {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="bird_image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), photograph, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

export interface Sending {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly path?: string;
}

/** Sends it as it is. Status 0: the connection ended without an answer. */
export function send(url: string, body: Uint8Array, sending: Sending = {}): Promise<Answered> {
  const { headers = {}, method = 'POST', path = '/infer_image' } = sending;
  return new Promise((resolve) => {
    const outgoing = request(url, {
      method,
      path,
      headers: { 'content-type': 'multipart/form-data; boundary=x', ...headers },
    });
    outgoing.on('error', (error) => {
      resolve({ status: 0, headers: {}, body: error.message });
    });
    outgoing.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('close', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    outgoing.end(body);
  });
}

/** Text straight into a connection; resolves with all that comes back when the other side closes it. */
export function sendRaw(url: string, text: string, drip?: () => string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    const dripping = drip && setInterval(() => socket.write(drip()), 50);
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(dripping);
      resolve(answer);
    });
    socket.write(text);
  });
}

/** Why an answer is not one that a hostile client should get; undefined where it is. */
export function complaint({ status, headers, body }: Answered): string | undefined {
  if (status !== 200 && (status < 400 || status > 499)) return `status ${status}: ${body}`;
  if (/\bat .*:\d+:\d+|node_modules|\/stages\/|bug:/.test(body))
    return `it tells our insides: ${body}`;
  if (headers['x-content-type-options'] !== 'nosniff') return 'no nosniff';
  if (!String(headers['content-type']).startsWith('application/json')) return 'no JSON';
  if (headers['server'] !== undefined || headers['x-powered-by'] !== undefined)
    return 'it says what it is';
  const { error, species } = JSON.parse(body) as {
    error?: { code?: string; message?: string; hint?: string };
    species?: string;
  };
  if (status === 200) return species === undefined ? 'no species' : undefined;
  return error?.code && error.message && error.hint ? undefined : `an error without words: ${body}`;
}

// Renamed: the bundle has `requireFrom(import.meta.url)` replaced by its own `require`.
import { createRequire as requireFrom } from 'node:module';
import { arch, platform } from 'node:os';
import type * as Addon from '@napi-rs/blake-hash';

type Native = Pick<typeof Addon, 'blake3' | 'Blake3Hasher'>;

/** What npm installed for this machine. The package's own entry looks around for it first, for about 3 ms. */
const ADDONS: { readonly [platform: string]: string } = {
  'linux-x64': '@napi-rs/blake-hash-linux-x64-gnu',
  'linux-arm64': '@napi-rs/blake-hash-linux-arm64-gnu',
};

/**
 * BLAKE3 on demand: loading the native addon costs 4 to 20 ms, which a no-op that hashes nothing
 * should not pay. `require` because an ESM import would be asynchronous at every call site.
 */
let native: Native | undefined;
const load = (): Native => (native ??= loadAddon());

function loadAddon(): Native {
  const requireHere = requireFrom(import.meta.url);
  const addon = ADDONS[`${platform()}-${arch()}`];
  try {
    if (addon !== undefined) return requireHere(addon) as Native;
  } catch {
    // Another libc, or a package manager that lays packages out otherwise.
  }
  return requireHere('@napi-rs/blake-hash') as Native;
}

/** BLAKE3 of UTF-8 text, 64 hex digits. */
export const hashText = (text: string): string => load().blake3(text).toString('hex');

/** BLAKE3 of bytes, 32 bytes. */
export const hashBytes = (bytes: Uint8Array): Buffer => load().blake3(asBuffer(bytes));

export interface Hasher {
  update(bytes: Uint8Array): void;
  digestBuffer(): Buffer;
}

/** For content that comes in pieces. */
export function startHash(): Hasher {
  const { Blake3Hasher } = load();
  const hasher = new Blake3Hasher();
  return {
    update: (bytes) => void hasher.update(asBuffer(bytes)),
    digestBuffer: () => hasher.digestBuffer(),
  };
}

/** A view of the same bytes: the addon takes buffers only. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

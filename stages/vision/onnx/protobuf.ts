/** The few fields of Protocol Buffers that an ONNX file is made of; pure. */

/** One field, encoded with its number. */
export type Field = Uint8Array;

export function integer(number: number, value: number): Field {
  return bytesOf([...varint(number * 8), ...varint(value)]);
}

export function float(number: number, value: number): Field {
  const field = new DataView(new ArrayBuffer(4));
  field.setFloat32(0, value, true);
  return join([bytesOf(varint(number * 8 + 5)), new Uint8Array(field.buffer)]);
}

export function text(number: number, value: string): Field {
  return bytes(number, new TextEncoder().encode(value));
}

/** Bytes, or a message that is encoded already. */
export function bytes(number: number, value: Uint8Array): Field {
  return join([bytesOf([...varint(number * 8 + 2), ...varint(value.length)]), value]);
}

export function message(number: number, fields: readonly Field[]): Field {
  return bytes(number, join(fields));
}

/** Whole numbers of a repeated field, one after another without their number. */
export function packed(number: number, values: readonly number[]): Field {
  return bytes(number, bytesOf(values.flatMap(varint)));
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Seven bits a byte, lowest first. Only whole numbers from 0 to 2^53 occur: sizes, enums, dimensions. */
function varint(value: number): number[] {
  const groups: number[] = [];
  let rest = value;
  do {
    const group = rest % 128;
    rest = Math.floor(rest / 128);
    groups.push(rest > 0 ? group + 128 : group);
  } while (rest > 0);
  return groups;
}

function bytesOf(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

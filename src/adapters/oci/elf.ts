import { open, type FileHandle } from 'node:fs/promises';

/** What the dynamic loader would read of a program or shared library. */
export interface ElfFile {
  /** 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** The loader named by a program; a library has none. */
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
  /** DT_RUNPATH, else DT_RPATH, split at colons, `$ORIGIN` not expanded. */
  readonly searchPath: readonly string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_STRSZ = 10n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;
/** No honest header needs more; a mangled file must not make us allocate. */
const MAX_TABLE = 64 * 1024 * 1024;

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file, which is every Linux that Node
 * is built for but s390x. Undefined for anything else, mangled files included.
 *
 * `ldd` would answer the same for one file, but it runs the program, needs the files to lie where
 * they will lie in the image, and is absent from small systems.
 */
export async function readElf(path: string): Promise<ElfFile | undefined> {
  const file = await open(path, 'r');
  try {
    const header = await readAt(file, 0, 64);
    if (header === undefined || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
    if (header[4] !== 2 || header[5] !== 1) return undefined;
    const segments = await readSegments(file, header);
    if (segments === undefined) return undefined;
    const dynamic = await readDynamic(file, segments);
    if (dynamic === undefined) return undefined;
    const interp = segments.find((segment) => segment.type === PT_INTERP);
    const interpreter =
      interp && (await readAt(file, interp.offset, interp.size))?.toString('utf8');
    return {
      machine: header.readUInt16LE(18),
      interpreter: interpreter?.replace(/\0.*$/s, ''),
      ...dynamic,
    };
  } finally {
    await file.close();
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

async function readSegments(file: FileHandle, header: Buffer): Promise<Segment[] | undefined> {
  const entrySize = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  if (entrySize < 56) return undefined;
  const table = await readAt(file, Number(header.readBigUInt64LE(32)), entrySize * count);
  if (table === undefined) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
}

async function readDynamic(
  file: FileHandle,
  segments: readonly Segment[],
): Promise<Pick<ElfFile, 'needed' | 'searchPath'> | undefined> {
  const segment = segments.find((candidate) => candidate.type === PT_DYNAMIC);
  // A static program: nothing to load.
  if (segment === undefined) return { needed: [], searchPath: [] };
  const table = await readAt(file, segment.offset, segment.size);
  if (table === undefined) return undefined;
  const tags: { tag: bigint; value: number }[] = [];
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = table.readBigInt64LE(at);
    if (tag === 0n) break;
    tags.push({ tag, value: Number(table.readBigUInt64LE(at + 8)) });
  }
  const valueOf = (tag: bigint): number | undefined => tags.find((one) => one.tag === tag)?.value;
  const address = valueOf(DT_STRTAB);
  const load = segments.find(
    ({ type, address: start, size }) =>
      type === PT_LOAD && address !== undefined && address >= start && address < start + size,
  );
  if (address === undefined || load === undefined) return undefined;
  const strings = await readAt(file, load.offset + address - load.address, valueOf(DT_STRSZ) ?? 0);
  if (strings === undefined) return undefined;
  const text = (offset: number): string => {
    const end = strings.indexOf(0, offset);
    return strings.toString('utf8', offset, end === -1 ? strings.length : end);
  };
  const path = valueOf(DT_RUNPATH) ?? valueOf(DT_RPATH);
  return {
    needed: tags.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => text(value)),
    searchPath:
      path === undefined
        ? []
        : text(path)
            .split(':')
            .filter((part) => part !== ''),
  };
}

/** Undefined when the file has not that many bytes there. */
async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer | undefined> {
  if (!Number.isSafeInteger(at) || length < 0 || length > MAX_TABLE) return undefined;
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  return bytesRead === length ? buffer : undefined;
}

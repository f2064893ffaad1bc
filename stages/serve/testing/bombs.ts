/** Small files that announce or become large ones. */
import { deflateSync, crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** A PNG of that size whose rows are all zeros: a megabyte for a gigapixel, or less. */
export function zeroPng(
  width: number,
  height: number,
  { rows = height, extra = [] as Buffer[] } = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // eight bits, RGB
  const raw = Buffer.alloc((width * 3 + 1) * rows);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...extra,
    pngChunk('IDAT', deflateSync(raw, { level: 9 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A compressed text that becomes `bytes` of zeros. */
export function textBomb(bytes: number): Buffer {
  return pngChunk(
    'zTXt',
    Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(bytes))]),
  );
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** A progressive JPEG whose last scan comes `times` times: decoders that show each scan work for each. */
export async function scanBomb(width: number, height: number, times: number): Promise<Buffer> {
  const create = { width, height, channels: 3 as const, background: '#789' };
  const jpeg = await sharp({ create }).jpeg({ progressive: true }).toBuffer();
  const lastScan = jpeg.lastIndexOf(Buffer.of(0xff, 0xda));
  const scan = jpeg.subarray(lastScan, jpeg.length - 2);
  return Buffer.concat([
    jpeg.subarray(0, lastScan),
    ...Array<Buffer>(times).fill(scan),
    jpeg.subarray(-2),
  ]);
}

/** A PNG that takes eight bytes a pixel while it is decoded: four channels of 16 bits. */
export function greedyPng(width: number, height: number, interlaced = false): Promise<Buffer> {
  return evenly(width, height, 4)
    .toColourspace('rgb16')
    .png({ progressive: interlaced })
    .toBuffer();
}

/** As greedy a JPEG: coefficients of 16 bits, kept for all scans, of four channels at full size. */
export function greedyJpeg(width: number, height: number): Promise<Buffer> {
  return evenly(width, height, 3)
    .toColourspace('cmyk')
    .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

function evenly(width: number, height: number, channels: 3 | 4): Sharp {
  const background = { r: 50, g: 100, b: 20, alpha: 0.5 };
  return sharp({ create: { width, height, channels, background } });
}

import type { PictureType } from '../model/plot.ts';

/** What a picture is by its first bytes; its name may say anything. */
export function pictureType(bytes: Uint8Array): PictureType | undefined {
  const starts = (...wanted: number[]): boolean => wanted.every((byte, at) => bytes[at] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47)) return 'image/png';
  if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (starts(0x47, 0x49, 0x46, 0x38)) return 'image/gif';
  if (starts(0x42, 0x4d)) return 'image/bmp';
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 512));
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp';
  return /^\s*(<\?xml[^>]*>|<!--[^]*?-->|<!DOCTYPE[^>]*>|\s)*<svg[\s>]/i.test(text)
    ? 'image/svg+xml'
    : undefined;
}

/** Whether a file of this name is a picture, as far as its name tells. */
export const isPictureFile = (name: string): boolean =>
  /\.(png|jpe?g|gif|webp|svg|bmp)$/i.test(name);

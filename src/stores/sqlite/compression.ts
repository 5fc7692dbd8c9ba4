/** Content as the store keeps it: zstd where that pays, the bytes themselves where not. */
import { zstdCompressSync } from "node:zlib";

/** Smaller content gains less than the work costs. */
const minimumBytes = 256;
/** Text has far fewer different bytes than this in a sample; noise has about 162. */
const noisySample = 140;

export interface Packed {
  zstd: boolean;
  body: Uint8Array;
}

export function pack(bytes: Uint8Array): Packed {
  if (bytes.byteLength < minimumBytes || looksLikeNoise(bytes)) return { zstd: false, body: bytes };
  const compressed = zstdCompressSync(bytes);
  return compressed.byteLength < bytes.byteLength * 0.9
    ? { zstd: true, body: compressed }
    : { zstd: false, body: bytes };
}

const seen = new Uint32Array(256);
let sample = 0;

/** Compressed and encrypted content, told by a sample of 256 bytes from its middle: the compressor takes twenty times longer to find out. */
function looksLikeNoise(bytes: Uint8Array): boolean {
  const start = Math.floor((bytes.byteLength - minimumBytes) / 2);
  let different = 0;
  sample += 1;
  for (let i = start; i < start + minimumBytes; i += 1) {
    const byte = bytes[i] ?? 0;
    if (seen[byte] !== sample) different += 1;
    seen[byte] = sample;
  }
  return different > noisySample;
}

/** Content addresses. */

export interface Digest {
  /** Lower-case hexadecimal SHA-256. */
  sha256(bytes: Uint8Array | string): string;
}

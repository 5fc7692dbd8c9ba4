/** Content kept beside the log: addressed by its SHA-256, compressed by the store. */

/** Names a blob. */
export interface BlobRef {
  /** Lower-case hexadecimal SHA-256 of the uncompressed bytes. */
  sha256: string;
  /** Uncompressed. */
  sizeBytes: number;
}

/** Blobs up to this size commit with the event that names them; larger ones are synced files before it. */
export const maxInlineBlobBytes = 1_048_576;

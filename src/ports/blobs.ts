/** Content beside the log. */
import type { BlobRef } from "../protocol/blob.ts";
import type { InlineBlob } from "./log.ts";

/** Content that an append may name: inline when small, durable already when large. */
export interface StagedBlob {
  ref: BlobRef;
  inline?: InlineBlob;
}

export interface Blobs {
  /** Small content comes back to be committed with its event; large content is durable when this resolves. */
  stage(bytes: Uint8Array): Promise<StagedBlob>;
  /** The content, its digest checked; undefined when there is none. Throws StoreError `corrupt` when it does not match. */
  get(ref: BlobRef): Promise<Uint8Array | undefined>;
}

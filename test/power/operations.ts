/** A recorded run: what the folder held before, and every change, sync and acknowledgement since, in order. */

export type Who = "node" | "git";

/** Files and folders are numbers, because names come and go. The root is 0. */
export type Inode = number;

export type Operation =
  | { kind: "create"; what: "file" | "folder"; inode: Inode; folder: Inode; name: string }
  | { kind: "link"; inode: Inode; folder: Inode; name: string }
  | { kind: "remove"; inode: Inode; folder: Inode; name: string }
  | { kind: "rename"; inode: Inode; from: Inode; fromName: string; to: Inode; toName: string }
  /** `data`: where the bytes are in the file of bytes. */
  | { kind: "write"; inode: Inode; offset: number; data: number; sizeBytes: number }
  | { kind: "truncate"; inode: Inode; sizeBytes: number }
  /** Covers what was done before operation `begin`: later than that, the sync may have passed by. */
  | { kind: "sync"; inode: Inode; begin: number; who: Who; isFolder: boolean; path: string }
  | { kind: "line"; text: string };

export interface Recording {
  /** So many at the beginning describe what was there before, safe on disk. */
  before: number;
  operations: Operation[];
  bytes: Buffer;
}

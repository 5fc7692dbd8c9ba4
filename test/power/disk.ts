/**
 * What a disk may hold when the power goes: everything that was synced, and of the rest whatever chance keeps.
 *
 * Contents: a write is safe once a sync of its file, begun after it, has returned; until then each of its
 * sectors may be there or not, whatever became of writes before and after it. Names (made, removed, renamed):
 *
 * - `strict`, what POSIX promises: a name is safe once its folder was synced; until then each change is there or
 *   not, in any combination, but a rename never loses the file.
 * - `ordered`, what journalled file systems do (ext4, XFS, Btrfs): names change in order and a prefix survives,
 *   at least up to the last change that a returned sync of its file or folder covers.
 */
import type { Inode, Operation, Recording } from "./operations.ts";

export type Model = "strict" | "ordered";
/** Syncs that a control pretends were never asked for. */
export type Ignored = "nothing" | "git" | "folders";

export type Content = Extract<Operation, { kind: "write" | "truncate" }>;

/** A change of contents that is not safe. */
export interface PendingContent {
  index: number;
  inode: Inode;
  operation: Content;
}

/** A change of one name that is not safe; changes with the same index in the same folder happen together. */
export interface PendingName {
  index: number;
  folder: Inode;
  name: string;
  /** Undefined: the name goes. */
  inode: Inode | undefined;
  touches: readonly Inode[];
  /** The name that a rename gives, for the one it takes. */
  needs?: PendingName;
}

export class DurableFile {
  bytes: Buffer = Buffer.alloc(0);
  /** Counts changes, so that equal contents are known without looking. */
  version = 0;
  pending: PendingContent[] = [];
}

export class Disk {
  readonly files = new Map<Inode, DurableFile>();
  readonly folders = new Map<Inode, Map<string, Inode>>([[0, new Map()]]);
  names: PendingName[] = [];
  readonly recording: Recording;
  private readonly model: Model;
  private readonly ignored: Ignored;
  private next = 0;

  constructor(recording: Recording, model: Model, ignored: Ignored) {
    this.recording = recording;
    this.model = model;
    this.ignored = ignored;
    this.advance(recording.before);
    for (const file of this.files.values()) this.settleContents(file, Infinity);
    this.settleNames(() => true);
  }

  /** Lets everything before operation `end` happen. */
  advance(end: number): void {
    for (; this.next < end; this.next += 1) {
      const operation = this.recording.operations[this.next];
      if (operation !== undefined) this.apply(operation, this.next);
    }
  }

  private apply(operation: Operation, index: number): void {
    switch (operation.kind) {
      case "create":
        if (operation.what === "folder") this.folders.set(operation.inode, new Map());
        else this.files.set(operation.inode, new DurableFile());
        return this.name(index, operation.folder, operation.name, operation.inode, operation.inode);
      case "link":
        return this.name(index, operation.folder, operation.name, operation.inode, operation.inode);
      case "remove":
        return this.name(index, operation.folder, operation.name, undefined, operation.inode);
      case "rename": {
        const { inode, from, fromName, to, toName } = operation;
        const touches = [inode, from, to];
        const given: PendingName = { index, folder: to, name: toName, inode, touches };
        this.names.push(given, {
          index,
          folder: from,
          name: fromName,
          inode: undefined,
          touches,
          needs: given,
        });
        return;
      }
      case "write":
      case "truncate":
        this.files.get(operation.inode)?.pending.push({ index, inode: operation.inode, operation });
        return;
      case "sync":
        return this.sync(operation);
      case "line":
    }
  }

  private name(index: number, folder: Inode, name: string, inode: Inode | undefined, touched: Inode): void {
    this.names.push({ index, folder, name, inode, touches: [touched, folder] });
  }

  private sync({ inode, begin, who, isFolder }: Extract<Operation, { kind: "sync" }>): void {
    if (this.ignored === "git" && who === "git") return;
    if (this.ignored === "folders" && isFolder) return;
    const file = this.files.get(inode);
    if (file !== undefined) this.settleContents(file, begin);
    if (this.model === "strict") this.settleNames(({ index, folder }) => folder === inode && index < begin);
    else {
      const last = this.names.findLast(({ index, touches }) => index < begin && touches.includes(inode));
      if (last !== undefined) this.settleNames(({ index }) => index <= last.index);
    }
  }

  private settleContents(file: DurableFile, begin: number): void {
    const settled = file.pending.filter(({ index }) => index < begin);
    if (settled.length === 0) return;
    file.pending = file.pending.filter(({ index }) => index >= begin);
    file.version += 1;
    file.bytes = changed(
      file.bytes,
      settled.map(({ operation }) => ({ operation })),
      this.recording.bytes,
    );
  }

  private settleNames(isSafe: (name: PendingName) => boolean): void {
    const safe = new Set<PendingName>();
    for (const pending of this.names) {
      if (!isSafe(pending)) continue;
      safe.add(pending);
      // Where a file went is as safe as its having gone, with all that happened to that name before.
      const { needs } = pending;
      if (needs === undefined) continue;
      for (const other of this.names)
        if (other.folder === needs.folder && other.name === needs.name && other.index <= needs.index)
          safe.add(other);
    }
    if (safe.size === 0) return;
    for (const pending of this.names) if (safe.has(pending)) rename(this.folders, pending);
    this.names = this.names.filter((pending) => !safe.has(pending));
  }
}

export function rename(folders: Map<Inode, Map<string, Inode>>, { folder, name, inode }: PendingName): void {
  const entries = folders.get(folder);
  if (inode === undefined) entries?.delete(name);
  else entries?.set(name, inode);
}

/** A change of contents, or the parts of one that reached the disk: from, to, within its bytes. */
export interface Kept {
  operation: Content;
  parts?: [number, number][];
}

/** `before` with changes made to it; what nobody wrote is zeros. */
export function changed(before: Buffer, changes: readonly Kept[], data: Buffer): Buffer {
  let size = before.length;
  let room = before.length;
  for (const { operation } of changes) {
    const end = operation.kind === "write" ? operation.offset + operation.sizeBytes : operation.sizeBytes;
    room = Math.max(room, end);
  }
  const after = Buffer.alloc(room);
  before.copy(after);
  for (const { operation, parts } of changes) {
    if (operation.kind === "truncate") {
      after.fill(0, operation.sizeBytes);
      size = operation.sizeBytes;
      continue;
    }
    for (const [from, to] of parts ?? [[0, operation.sizeBytes]]) {
      data.copy(after, operation.offset + from, operation.data + from, operation.data + to);
      size = Math.max(size, operation.offset + to);
    }
  }
  return after.subarray(0, size);
}

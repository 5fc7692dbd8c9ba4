/** The folder as the recorded processes saw it: which name is which file while the trace is read. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Inode, Operation } from "./operations.ts";

type Created = Extract<Operation, { kind: "create" }>;

export class Names {
  /** What the folder held before, as operations. */
  readonly initial: Operation[] = [];
  readonly contents: Buffer[] = [];
  private readonly folders = new Map<Inode, Map<string, Inode>>([[0, new Map()]]);
  private readonly sizes = new Map<Inode, number>();
  private next: Inode = 1;

  static of(root: string): Names {
    const names = new Names();
    names.scan(root, "");
    return names;
  }

  private scan(root: string, folder: string): void {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true, encoding: "latin1" })) {
      const path = posix.join(folder, entry.name);
      const created = this.create(path, entry.isDirectory() ? "folder" : "file");
      this.initial.push(created);
      if (entry.isDirectory()) this.scan(root, path);
      else this.keep(created.inode, readFileSync(join(root, path)));
    }
  }

  private keep(inode: Inode, bytes: Buffer): void {
    const data = this.contents.reduce((sum, { length }) => sum + length, 0);
    this.contents.push(bytes);
    this.grow(inode, bytes.length);
    this.initial.push({ kind: "write", inode, offset: 0, data, sizeBytes: bytes.length });
  }

  find(path: string): Inode | undefined {
    let inode: Inode | undefined = 0;
    for (const part of path === "" ? [] : path.split("/")) {
      inode = inode === undefined ? undefined : this.folders.get(inode)?.get(part);
    }
    return inode;
  }

  isFile(inode: Inode): boolean {
    return this.sizes.has(inode);
  }

  size(inode: Inode): number {
    return this.sizes.get(inode) ?? 0;
  }

  grow(inode: Inode, sizeBytes: number): void {
    if (sizeBytes > this.size(inode)) this.sizes.set(inode, sizeBytes);
  }

  resize(inode: Inode, sizeBytes: number): void {
    this.sizes.set(inode, sizeBytes);
  }

  private place(path: string): { folder: Inode; name: string; entries: Map<string, Inode> } {
    const parent = dirname(path);
    const folder = this.find(parent === "." ? "" : parent);
    const entries = folder === undefined ? undefined : this.folders.get(folder);
    if (folder === undefined || entries === undefined) throw new Error(`nobody made the folder of ${path}`);
    return { folder, entries, name: posix.basename(path) };
  }

  private existing(path: string): Inode {
    const inode = this.find(path);
    if (inode === undefined) throw new Error(`nobody made ${path}`);
    return inode;
  }

  create(path: string, what: "file" | "folder"): Created {
    const { folder, name, entries } = this.place(path);
    const inode = this.next++;
    entries.set(name, inode);
    if (what === "folder") this.folders.set(inode, new Map());
    else this.sizes.set(inode, 0);
    return { kind: "create", what, inode, folder, name };
  }

  remove(path: string): Operation {
    const inode = this.existing(path);
    const { folder, name, entries } = this.place(path);
    entries.delete(name);
    return { kind: "remove", inode, folder, name };
  }

  rename(from: string, to: string): Operation {
    const inode = this.existing(from);
    const [source, target] = [this.place(from), this.place(to)];
    source.entries.delete(source.name);
    target.entries.set(target.name, inode);
    return {
      kind: "rename",
      inode,
      from: source.folder,
      fromName: source.name,
      to: target.folder,
      toName: target.name,
    };
  }

  link(from: string, to: string): Operation {
    const inode = this.existing(from);
    const { folder, name, entries } = this.place(to);
    entries.set(name, inode);
    return { kind: "link", inode, folder, name };
  }
}

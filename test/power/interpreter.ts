/** Turns system calls into operations on the recorded folder; stops at anything it does not understand there. */
import { posix } from "node:path";
import { bytesOf, instantsOf, stringsIn, type SystemCall, unescape } from "./calls.ts";
import { isOutOfModel } from "./layout.ts";
import type { Names } from "./names.ts";
import type { Inode, Operation, Recording } from "./operations.ts";
import { birthsIn, type OpenFile, type Process, Processes } from "./processes.ts";

export interface Traced {
  trace: string;
  root: string;
  /** The file of acknowledgements, outside the root. */
  lines: string;
  before: Names;
}

export async function interpret({ trace, root, lines, before }: Traced): Promise<Recording> {
  const interpreter = new Interpreter(root, lines, before, new Processes(await birthsIn(trace)));
  const begins = new Map<number, number>();
  for await (const instant of instantsOf(trace)) {
    const length = interpreter.operations.length;
    if (instant.at === "start") {
      begins.set(instant.thread, length);
      interpreter.begin(instant.thread, instant.text);
    } else {
      const { call, wasInterrupted } = instant;
      // A descriptor that is being closed may have been given to another thread before its close is listed.
      if (call.name === "close" && wasInterrupted) continue;
      if (call.result >= 0)
        interpreter.apply(call, wasInterrupted ? (begins.get(call.thread) ?? length) : length);
    }
  }
  return {
    before: before.initial.length,
    operations: interpreter.operations,
    bytes: Buffer.concat(interpreter.chunks),
  };
}

type Handler = (call: SystemCall, process: Process, begin: number) => void;

class Interpreter {
  readonly operations: Operation[] = [];
  readonly chunks: Buffer[];
  private readonly root: string;
  private readonly lines: string;
  private readonly names: Names;
  private readonly processes: Processes;
  private dataBytes: number;

  constructor(root: string, lines: string, names: Names, processes: Processes) {
    this.root = root;
    this.lines = lines;
    this.names = names;
    this.processes = processes;
    this.operations.push(...names.initial);
    this.chunks = [...names.contents];
    this.dataBytes = this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  /** A call that others overtake; closing has its effect at once. */
  begin(thread: number, text: string): void {
    if (text.startsWith("close(")) this.processes.of(thread).files.delete(fdOf(text.slice("close(".length)));
  }

  apply(call: SystemCall, begin: number): void {
    const process = this.processes.of(call.thread);
    const cwd = /^AT_FDCWD<((?:\\x[0-9a-f]{2})*)>/.exec(call.args)?.[1];
    if (cwd !== undefined) process.cwd = unescape(cwd);
    try {
      this.handlers[call.name]?.(call, process, begin);
    } catch (error) {
      const text = `${call.thread} ${call.name}(${call.args.slice(0, 600)}) = ${call.result}`;
      throw new Error(`${String(error)} at ${text.replaceAll(/(\\x[0-9a-f]{2})+/g, unescape)}`, {
        cause: error,
      });
    }
  }

  private readonly handlers: Readonly<Record<string, Handler>> = {
    execve: ({ args }, process) => this.processes.execute(process, unescape(stringsIn(args)[0] ?? "")),
    chdir: ({ args }, process) => {
      process.cwd = posix.resolve(process.cwd ?? "/", unescape(stringsIn(args)[0] ?? ""));
    },
    fchdir: ({ args }, process) => (process.cwd = annotated(args)),
    open: (call, process) => this.open(call, process, 0),
    openat: (call, process) => this.open(call, process, 1),
    openat2: () => unsupported(),
    creat: () => unsupported(),
    close: ({ args }, { files }) => void files.delete(fdOf(args)),
    dup: ({ args, result }, process) => this.duplicate(process, fdOf(args), result),
    dup2: ({ args, result }, process) => this.duplicate(process, fdOf(args), result),
    dup3: ({ args, result }, process) => this.duplicate(process, fdOf(args), result),
    fcntl: ({ args, result }, process) => {
      if (args.includes(", F_DUPFD")) this.duplicate(process, fdOf(args), result);
    },
    read: ({ args, result }, { files }) => advance(files.get(Number(args.split(",")[0])), result),
    readv: ({ args, result }, { files }) => advance(files.get(Number(args.split(",")[0])), result),
    lseek: ({ args, result }, { files }) => {
      const file = files.get(fdOf(args));
      if (file !== undefined) file.offset = result;
    },
    write: (call, process) => this.write(call, process),
    writev: (call, process) => this.write(call, process),
    pwrite64: (call, process) => this.write(call, process, Number(/, (\d+)$/.exec(call.args)?.[1])),
    pwritev: (call, process) => this.write(call, process, Number(/, (\d+)$/.exec(call.args)?.[1])),
    pwritev2: (call) => this.refuse(call),
    ftruncate: ({ args }, process) =>
      this.truncate(this.inodeAt(args, process), Number(/, (\d+)$/.exec(args)?.[1])),
    truncate: ({ args }, process) => {
      const path = this.pathIn(unescape(stringsIn(args)[0] ?? ""), process);
      if (path !== undefined) this.truncate(this.names.find(path), Number(/, (\d+)$/.exec(args)?.[1]));
    },
    fallocate: (call) => this.refuse(call),
    copy_file_range: (call) => this.refuse(call),
    sendfile: (call) => this.refuse(call),
    splice: (call) => this.refuse(call),
    mmap: (call) => {
      if (call.args.includes("PROT_WRITE") && call.args.includes("MAP_SHARED")) this.refuse(call);
    },
    io_uring_setup: ({ args }) => {
      if (args.includes("IORING_SETUP_SQPOLL"))
        throw new Error("files are written through io_uring, past the trace");
    },
    mkdir: (call, process) => this.entry(call, process, (path) => this.names.create(path, "folder")),
    mkdirat: (call, process) => this.entry(call, process, (path) => this.names.create(path, "folder")),
    symlink: (call, process) => this.symlink(call, process),
    symlinkat: (call, process) => this.symlink(call, process),
    unlink: (call, process) => this.entry(call, process, (path) => this.names.remove(path)),
    unlinkat: (call, process) => this.entry(call, process, (path) => this.names.remove(path)),
    rmdir: (call, process) => this.entry(call, process, (path) => this.names.remove(path)),
    rename: (call, process) => this.entries(call, process, (from, to) => this.names.rename(from, to)),
    renameat: (call, process) => this.entries(call, process, (from, to) => this.names.rename(from, to)),
    renameat2: (call, process) => {
      if (/RENAME_(EXCHANGE|WHITEOUT)/.test(call.args)) this.refuse(call);
      this.entries(call, process, (from, to) => this.names.rename(from, to));
    },
    link: (call, process) => this.entries(call, process, (from, to) => this.names.link(from, to)),
    linkat: (call, process) => this.entries(call, process, (from, to) => this.names.link(from, to)),
    fsync: (call, process, begin) => this.sync(call, process, begin),
    fdatasync: (call, process, begin) => this.sync(call, process, begin),
    sync: () => unsupported(),
    syncfs: (call) => this.refuse(call),
    // Writes back without a promise that the disk has it.
    sync_file_range: () => undefined,
    msync: () => undefined,
  };

  /** Relative to the root; undefined: not in the model. */
  private inModel(absolute: string): string | undefined {
    if (absolute === this.root) return "";
    if (!absolute.startsWith(`${this.root}/`)) return undefined;
    const path = absolute.slice(this.root.length + 1);
    return isOutOfModel(path) ? undefined : path;
  }

  private pathIn(path: string, process: Process, base?: string): string | undefined {
    const through = /^\/proc\/self\/fd\/(\d+)(\/.*|$)/.exec(path);
    if (through !== null) {
      const file = process.files.get(Number(through[1]));
      return this.inModel(posix.normalize(`${file?.path ?? ""}${through[2] ?? ""}`));
    }
    const from = base ?? process.cwd;
    if (from === undefined && !path.startsWith("/")) throw new Error(`nobody knows where ${path} is`);
    return this.inModel(posix.resolve(from ?? "/", path));
  }

  private refuse(call: SystemCall): void {
    const paths = [...call.args.matchAll(/<((?:\\x[0-9a-f]{2})+)>/g)].map(([, path = ""]) => unescape(path));
    if (paths.some((path) => this.inModel(path) !== undefined)) unsupported();
  }

  private open({ args, result, resultPath }: SystemCall, process: Process, flagsAt: number): void {
    const flags = /, ((?:O_\w+\|?)+)/.exec(args)?.[1]?.split("|") ?? [];
    if (flags.includes("O_TMPFILE")) unsupported();
    const absolute = resultPath ?? "";
    const path = this.inModel(absolute);
    let inode: Inode | undefined;
    if (path !== undefined) {
      if (flagsAt > 1) unsupported();
      inode = this.names.find(path) ?? this.create(path, flags);
      if (flags.includes("O_TRUNC") && this.names.isFile(inode)) this.truncate(inode, 0);
    }
    process.files.set(result, { path: absolute, inode, offset: 0, appends: flags.includes("O_APPEND") });
  }

  private create(path: string, flags: string[]): Inode {
    if (!flags.includes("O_CREAT")) throw new Error(`${path} was opened and never made`);
    const operation = this.names.create(path, "file");
    this.operations.push(operation);
    return operation.inode;
  }

  private duplicate(process: Process, from: number, to: number): void {
    const file = process.files.get(from);
    if (file === undefined) process.files.delete(to);
    else process.files.set(to, file);
  }

  /** The open file behind the first argument, if it is in the model. */
  private fileAt(args: string, process: Process): OpenFile | undefined {
    const path = annotated(args);
    const inside = this.inModel(path);
    if (inside === undefined) return undefined;
    const file = process.files.get(fdOf(args));
    if (file?.inode === undefined) throw new Error(`nobody opened descriptor ${fdOf(args)}`);
    const named = this.names.find(inside);
    const isGone = /^\d+<[^>]*>\(deleted\)/.test(args);
    if (!isGone && named !== file.inode)
      throw new Error(`descriptor ${fdOf(args)} is another file than the model's`);
    return file;
  }

  private inodeAt(args: string, process: Process): Inode | undefined {
    return this.fileAt(args, process)?.inode;
  }

  private write(call: SystemCall, process: Process, at?: number): void {
    if (annotated(call.args) === this.lines) {
      this.operations.push({ kind: "line", text: bytesOf(stringsIn(call.args).join("")).toString("utf8") });
      return;
    }
    const file = this.fileAt(call.args, process);
    if (file?.inode === undefined) return;
    const bytes = bytesOf(stringsIn(call.args).join("")).subarray(0, call.result);
    if (bytes.length !== call.result) throw new Error("strace shows less than was written");
    const offset = at ?? (file.appends ? this.names.size(file.inode) : file.offset);
    if (!Number.isSafeInteger(offset)) throw new Error("where was that written?");
    this.names.grow(file.inode, offset + bytes.length);
    this.operations.push({
      kind: "write",
      inode: file.inode,
      offset,
      data: this.dataBytes,
      sizeBytes: bytes.length,
    });
    this.chunks.push(bytes);
    this.dataBytes += bytes.length;
    if (at === undefined) file.offset = offset + bytes.length;
  }

  private truncate(inode: Inode | undefined, sizeBytes: number): void {
    if (inode === undefined || this.names.size(inode) === sizeBytes) return;
    this.names.resize(inode, sizeBytes);
    this.operations.push({ kind: "truncate", inode, sizeBytes });
  }

  private sync({ args }: SystemCall, process: Process, begin: number): void {
    const file = this.fileAt(args, process);
    if (file?.inode === undefined) return;
    const isFolder = !this.names.isFile(file.inode);
    const path = this.inModel(annotated(args)) ?? "";
    this.operations.push({ kind: "sync", inode: file.inode, begin, who: process.who, isFolder, path });
  }

  /** A call about one name, which may be relative to the folder in the first argument. */
  private entry({ args }: SystemCall, process: Process, make: (path: string) => Operation): void {
    const base = /^(?:AT_FDCWD|\d+)</.test(args) ? annotated(args) : undefined;
    const path = this.pathIn(unescape(stringsIn(args)[0] ?? ""), process, base);
    if (path !== undefined) this.operations.push(make(path));
  }

  /** Git makes one to see whether it can, and removes it; an empty file takes its place. */
  private symlink({ args }: SystemCall, process: Process): void {
    const base = /, (?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>/.exec(args)?.[1];
    const name = unescape(stringsIn(args)[1] ?? "");
    const path = this.pathIn(name, process, base === undefined ? undefined : unescape(base));
    if (path !== undefined) this.operations.push(this.names.create(path, "file"));
  }

  private entries(
    { args }: SystemCall,
    process: Process,
    make: (from: string, to: string) => Operation,
  ): void {
    const [from = "", to = ""] = stringsIn(args).map(unescape);
    const [fromBase, toBase] = [...args.matchAll(/(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>/g)].map(
      ([, path = ""]) => unescape(path),
    );
    const [source, target] = [this.pathIn(from, process, fromBase), this.pathIn(to, process, toBase)];
    if (source === undefined && target === undefined) return;
    if (source === undefined || target === undefined) unsupported();
    else this.operations.push(make(source, target));
  }
}

function unsupported(): never {
  throw new Error("the harness does not model this call");
}

const fdOf = (args: string): number => Number.parseInt(args, 10);
const annotated = (args: string): string =>
  unescape(/^(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>/.exec(args)?.[1] ?? "");

function advance(file: OpenFile | undefined, bytes: number): void {
  if (file !== undefined) file.offset += bytes;
}

/** Who runs and what each has open: threads share, children begin with a copy, positions in files move. */
import { instantsOf } from "./calls.ts";
import type { Inode, Who } from "./operations.ts";

export interface OpenFile {
  path: string;
  /** Undefined outside the recorded folder. */
  inode: Inode | undefined;
  offset: number;
  appends: boolean;
}

export interface Process {
  cwd: string | undefined;
  who: Who;
  files: Map<number, OpenFile>;
}

/** Who made each thread or process; read beforehand, because a child's calls may be listed before its making. */
interface Birth {
  parent: number;
  isThread: boolean;
}

export async function birthsIn(trace: string): Promise<Map<number, Birth>> {
  const births = new Map<number, Birth>();
  for await (const instant of instantsOf(trace)) {
    if (instant.at === "start") continue;
    const { name, result, thread, args } = instant.call;
    if (!/^(clone3?|v?fork)$/.test(name) || result <= 0) continue;
    if (births.has(result)) throw new Error(`process ${result} was born twice: numbers wrapped around`);
    births.set(result, { parent: thread, isThread: args.includes("CLONE_FILES") });
  }
  return births;
}

export class Processes {
  private readonly births: ReadonlyMap<number, Birth>;
  private readonly known = new Map<number, Process>();

  constructor(births: ReadonlyMap<number, Birth>) {
    this.births = births;
  }

  of(thread: number): Process {
    const known = this.known.get(thread);
    if (known !== undefined) return known;
    const made = this.create(thread);
    this.known.set(thread, made);
    return made;
  }

  private create(thread: number): Process {
    const birth = this.births.get(thread);
    if (birth === undefined) return { cwd: undefined, who: "node", files: new Map() };
    const parent = this.of(birth.parent);
    return birth.isThread ? parent : { ...parent, files: new Map(parent.files) };
  }

  /** A new program: what it inherits on purpose are its standard streams. */
  execute(process: Process, program: string): void {
    process.who = /(^|\/)git[^/]*$/.test(program) ? "git" : "node";
    for (const fd of process.files.keys()) if (fd > 2) process.files.delete(fd);
  }
}

/** Kills the process at a named instant around a commit, for tests: `beforeCommit:3` is before the third. */
export class CrashPoint {
  private readonly name: string;
  private left: number;

  constructor(spec: string | undefined) {
    const [name = "", count = "1"] = (spec ?? "").split(":");
    this.name = name;
    this.left = Number(count);
  }

  reach(name: "beforeCommit" | "afterCommit"): void {
    if (name !== this.name || --this.left > 0) return;
    process.kill(process.pid, "SIGKILL");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

/** Runs a program under strace, so that every call of it and its children that changes a file is written down. */
import { spawn, spawnSync } from "node:child_process";

const names = "open openat openat2 creat";
const contents =
  "write pwrite64 writev pwritev pwritev2 truncate ftruncate fallocate copy_file_range sendfile splice mmap";
const positions = "read readv lseek close dup dup2 dup3 fcntl";
const entries = "rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir";
const syncs = "fsync fdatasync sync syncfs sync_file_range msync";
const processes = "clone clone3 fork vfork execve chdir fchdir io_uring_setup";
const traced = [names, contents, positions, entries, syncs, processes].join(" ").split(" ");

const tracer = "strace";
/** Longer than any single write of the workload; a cut one is noticed. */
const maxStringBytes = 64 * 1024 * 1024;

/** Says how to get it when it is missing. */
export function checkStrace(): string {
  const found = spawnSync(tracer, ["--version"], { encoding: "utf8" });
  if (found.status !== 0)
    throw new Error(
      "the power-loss harness records with strace, which is not here: run `apt-get install -y strace` as root",
    );
  return found.stdout.split("\n")[0] ?? "";
}

export interface Recorded {
  argv: string[];
  /** Where the trace goes. */
  trace: string;
  env: NodeJS.ProcessEnv;
}

/** Throws when the program fails or may not be traced. */
export async function record({ argv, trace, env }: Recorded): Promise<void> {
  const options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", String(maxStringBytes), "-e", "raw=read,readv"];
  const child = spawn(tracer, [...options, "-e", `trace=${traced.join(",")}`, "-o", trace, "--", ...argv], {
    stdio: ["ignore", "inherit", "pipe"],
    // Libuv would otherwise hand file operations to the kernel through shared memory, past any trace.
    env: { ...env, UV_USE_IO_URING: "0" },
  });
  let problems = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (problems += text));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  if (code !== 0) throw new Error(`the recorded workload ended with ${code}: ${problems.slice(-4_000)}`);
}

/** Makes a recording: a user's repository, the workload under strace, its trace turned into operations, all in one folder. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../src/testing/random.ts";
import { noise } from "../../src/testing/storeContractKit.ts";
import { crash } from "./crash.ts";
import { Disk } from "./disk.ts";
import { interpret } from "./interpreter.ts";
import { isOutOfModel, stateFolder, userFolder } from "./layout.ts";
import { Names } from "./names.ts";
import type { Operation, Recording } from "./operations.ts";
import { record } from "./strace.ts";

const workload = join(import.meta.dirname, "workload/run.ts");
const preload = join(import.meta.dirname, "preload/run.ts");

export interface Wanted {
  folder: string;
  rounds: number;
  parts: "git" | "store";
  /** SQLite is told never to sync. */
  isUnsafe: boolean;
}

const attempts = 3;

/** Again when the order of calls of several threads cannot be told from the trace, which is rare. */
export async function makeRecording(wanted: Wanted): Promise<Recording> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await makeOnce(wanted);
    } catch (error) {
      if (attempt === attempts) throw error;
      console.log(`recording again: ${String(error).slice(0, 300)}`);
    }
  }
}

async function makeOnce({ folder, rounds, parts, isUnsafe }: Wanted): Promise<Recording> {
  const root = join(folder, "root");
  const [trace, lines] = [join(folder, "trace"), join(folder, "lines")];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, stateFolder), { recursive: true });
  makeUserRepository(join(root, userFolder));
  const before = Names.of(root);
  const imports = isUnsafe ? ["--import", preload] : [];
  const argv = [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    ...imports,
    workload,
    root,
    lines,
    String(rounds),
    parts,
  ];
  await record({ argv, trace, env: { PATH: process.env["PATH"], HOME: folder, LC_ALL: "C" } });
  const recording = await interpret({ trace, root, lines, before });
  checkComplete(root, recording);
  writeFileSync(
    join(folder, "operations.json"),
    JSON.stringify({ before: recording.before, operations: recording.operations }),
  );
  writeFileSync(join(folder, "bytes"), recording.bytes);
  for (const done of [trace, root]) rmSync(done, { recursive: true, force: true });
  return recording;
}

export function readRecording(folder: string): Recording {
  const parsed = JSON.parse(readFileSync(join(folder, "operations.json"), "utf8")) as {
    before: number;
    operations: Operation[];
  };
  return { ...parsed, bytes: readFileSync(join(folder, "bytes")) };
}

/** With nothing lost, the recording leads to the very folder that the workload left; or something escaped the trace. */
function checkComplete(root: string, recording: Recording): void {
  const disk = new Disk(recording, "strict", "nothing");
  disk.advance(recording.operations.length);
  const everything = { contents: "all", names: "all" } as const;
  const { folder } = crash(disk, "strict", seededRandom("all"), "all", everything);
  const compare = (path: string): void => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const child = path + entry.name;
      if (isOutOfModel(child)) continue;
      const replayed = folder.get(entry.isDirectory() ? `${child}/` : child);
      folder.delete(entry.isDirectory() ? `${child}/` : child);
      if (replayed === undefined) throw new Error(`${child} is not in the recording`);
      if (replayed === "folder") compare(`${child}/`);
      else if (!replayed.content().equals(readFileSync(join(root, child))))
        throw new Error(`${child} is not what was recorded`);
    }
  };
  compare("");
  if (folder.size > 0) throw new Error(`only the recording has ${[...folder.keys()].join(", ")}`);
}

/** Some history, so that the mission's repository is a shallow one. */
function makeUserRepository(directory: string): void {
  const git = (...args: string[]): void => {
    const who = ["-c", "user.name=u", "-c", "user.email=u@x", "-c", "init.defaultBranch=main"];
    const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
    execFileSync("git", [...who, ...args], { cwd: directory, env, stdio: "pipe" });
  };
  mkdirSync(directory);
  git("init", "-q", "--template=");
  for (let commit = 0; commit < 3; commit += 1) {
    for (let file = 0; file < 4; file += 1)
      writeFileSync(join(directory, `user-${file}.bin`), noise(9_000, 31 * commit + file));
    git("add", "-A");
    git("commit", "-q", "-m", `commit ${commit}`);
  }
}

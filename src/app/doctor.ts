/** Whether this machine can run missions: what was looked at, what was found, and what would help. */
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { openSqliteStore } from "../stores/sqlite/store.ts";
import { probeSandbox } from "./probe.ts";
import { storeFolder } from "./stateDirectory.ts";
import { systemClock } from "./systemClock.ts";

export interface DoctorCheck {
  name: string;
  ok: boolean;
  detail: string;
}

const oldestNode = 24;
/** The oldest git whose options the workspaces use. */
const oldestGit = [2, 39] as const;
const lowSpaceBytes = 1024 ** 3;

export async function diagnose(stateDirectory: string): Promise<DoctorCheck[]> {
  return [
    checkNode(),
    await checkGit(),
    await checkSandbox(),
    checkFolder(stateDirectory),
    checkSpace(stateDirectory),
    await checkStore(stateDirectory),
  ];
}

function checkNode(): DoctorCheck {
  const ok = Number.parseInt(process.versions.node, 10) >= oldestNode;
  return {
    name: "node",
    ok,
    detail: ok ? process.versions.node : `${process.versions.node}: ${oldestNode} or newer is needed`,
  };
}

async function checkGit(): Promise<DoctorCheck> {
  try {
    const { stdout } = await promisify(execFile)("git", ["--version"]);
    const [, major = "0", minor = "0"] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
    const isNew =
      Number(major) > oldestGit[0] || (Number(major) === oldestGit[0] && Number(minor) >= oldestGit[1]);
    return {
      name: "git",
      ok: isNew,
      detail: isNew ? stdout.trim() : `${stdout.trim()}: ${oldestGit.join(".")} or newer is needed`,
    };
  } catch (error) {
    return { name: "git", ok: false, detail: `git does not run: ${messageOf(error)}` };
  }
}

async function checkSandbox(): Promise<DoctorCheck> {
  return { name: "sandbox", ...(await probeSandbox("bubblewrap")) };
}

function checkFolder(stateDirectory: string): DoctorCheck {
  try {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    accessSync(stateDirectory, constants.R_OK | constants.W_OK | constants.X_OK);
    return { name: "state", ok: true, detail: `${stateDirectory} is writable` };
  } catch (error) {
    return { name: "state", ok: false, detail: `${stateDirectory} cannot be written: ${messageOf(error)}` };
  }
}

function checkSpace(stateDirectory: string): DoctorCheck {
  const place = existsSync(stateDirectory) ? stateDirectory : dirname(stateDirectory);
  try {
    const { bavail, bsize } = statfsSync(place);
    const freeBytes = bavail * bsize;
    const text = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free at ${place}`;
    return {
      name: "space",
      ok: freeBytes >= lowSpaceBytes,
      detail: freeBytes >= lowSpaceBytes ? text : `${text}: at least 1 GiB should be`,
    };
  } catch (error) {
    return { name: "space", ok: false, detail: messageOf(error) };
  }
}

/** Opening checks the file and reads back that commits will reach the disk. */
async function checkStore(stateDirectory: string): Promise<DoctorCheck> {
  const name = "store";
  try {
    const store = await openSqliteStore({ directory: storeFolder(stateDirectory), clock: systemClock });
    const streams = await store.log.streams();
    await store.close();
    return { name, ok: true, detail: `whole; WAL and synchronous=FULL read back; ${streams.length} streams` };
  } catch (error) {
    return { name, ok: false, detail: messageOf(error) };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

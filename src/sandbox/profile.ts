/** The jail as bubblewrap's arguments, the few files of its /etc, and the door every program waits behind. */
import { lstatSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import type { JailRequest } from "../ports/sandbox.ts";
import { agentId } from "./account.ts";
import type { Bind } from "./binds.ts";
import { systemCallFilter } from "./seccomp.ts";

export interface JailLimits {
  /** Processes and threads of one jail. */
  processes: number;
  /** Of one file that a jailed program writes. */
  fileSizeBytes: number;
  /**
   * Of one process, without what it shares: memory it may write (RLIMIT_DATA). Address space is not bounded, because
   * Node reserves far more of it than it uses; sanitizers that shadow all of it do not run in the box.
   */
  memorySizeBytes: number;
  /** Of each of /tmp, the home folder and /dev/shm; kept in memory. */
  temporarySizeBytes: number;
}

export const defaultLimits: Readonly<JailLimits> = {
  processes: 1_024,
  fileSizeBytes: 4 * 1_073_741_824,
  memorySizeBytes: Math.max(2 * 1_073_741_824, Math.floor(totalmem() / 2)),
  temporarySizeBytes: 268_435_456,
};

const home = "/home/agent";

/** The folder of the Node that runs Houston; bound into every jail and first on its PATH. */
export function nodeFolder(): string {
  return dirname(realpathSync(process.execPath));
}

/** What replaces the host's /etc, in the order of the descriptors they come through. */
export function jailFiles(network: boolean): { path: string; content: string }[] {
  const hosts = network ? contentOf("/etc/hosts") : "";
  return [
    {
      path: "/etc/passwd",
      content: `agent:x:${String(agentId)}:${String(agentId)}:agent:${home}:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n`,
    },
    { path: "/etc/group", content: `agent:x:${String(agentId)}:\nnogroup:x:65534:\n` },
    { path: "/etc/hosts", content: hosts === "" ? "127.0.0.1 localhost\n::1 localhost\n" : hosts },
  ];
}

/** Name resolution and trusted certificates: what a program with the host's network sees of /etc besides. */
const networkFiles = [
  "/etc/resolv.conf",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
  "/etc/ssl/openssl.cnf",
  "/etc/ssl/cert.pem",
  // Not /etc/ssl: private keys lie beside these.
  "/etc/ssl/certs",
  "/etc/ca-certificates",
  "/etc/pki/ca-trust",
  "/etc/pki/tls/certs",
];

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Of the outermost process, beside stdio. The door closes everything from `door` to 9 before the program starts. */
export const descriptors = { door: 3, arguments: 4, firstFile: 5, filter: 8 } as const;

/**
 * The first program in the jail: sets limits, reports that the jail stands, waits for the runner's word and
 * becomes the program. `ulimit` counts processes with -u in bash and with -p in dash.
 */
export function doorArgv(limits: JailLimits, argv: string[]): string[] {
  const script = [
    `ulimit -c 0; ulimit -f ${String(Math.ceil(limits.fileSizeBytes / 512))}`,
    `ulimit -d ${String(Math.ceil(limits.memorySizeBytes / 1024))} 2>/dev/null`,
    // When the machine itself runs out, what is jailed goes first and not the runner.
    "echo 1000 2>/dev/null >/proc/self/oom_score_adj",
    `ulimit -u ${String(limits.processes)} 2>/dev/null || ulimit -p ${String(limits.processes)}`,
    "echo ready >&3; read -r word <&3",
    '[ "$word" = go ] || exit 125',
    'exec "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-',
  ];
  return ["/bin/sh", "-c", script.join("\n"), "houston", ...argv];
}

/**
 * Everything that goes through `--args`, so that neither paths nor environment show in the host's process list.
 * `caches` are paths below the binds that can be written and are forgotten.
 */
export function jailArguments(
  request: JailRequest,
  binds: Bind[],
  caches: string[],
  limits: JailLimits,
): string[] {
  const size = ["--size", String(limits.temporarySizeBytes)];
  const network = request.network === true;
  const files = jailFiles(network).flatMap((file, index) => [
    "--ro-bind-data",
    String(descriptors.firstFile + index),
    file.path,
  ]);
  return [
    ["user", "pid", "ipc", "uts", "cgroup-try"].map((name) => `--unshare-${name}`),
    network ? [] : ["--unshare-net"],
    ["--uid", String(agentId), "--gid", String(agentId), "--hostname", "houston"],
    ["--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL"],
    systemCallFilter() === undefined ? [] : ["--seccomp", String(descriptors.filter)],
    systemFolders(),
    ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"],
    ["--dev", "/dev", ...size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"],
    [...size, "--tmpfs", "/tmp", ...size, "--tmpfs", home],
    files,
    ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"],
    ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"],
    ["--symlink", "../usr/lib/os-release", "/etc/os-release"],
    network ? networkFiles.flatMap(asTheHostHasIt) : [],
    binds.flatMap((bind) => [bind.access === "write" ? "--bind" : "--ro-bind", bind.source, bind.target]),
    caches.flatMap((path) => [...size, "--tmpfs", path]),
    // Otherwise a program could fill the machine's memory through the folders that hold the mounts.
    ["--remount-ro", "/", "--chdir", request.cwd],
    environment(request.env),
  ].flat();
}

function environment(env: Record<string, string>): string[] {
  const all = { PATH: `${nodeFolder()}:/usr/bin:/bin`, HOME: home, TMPDIR: "/tmp", ...env };
  return Object.entries(all).flatMap(([name, value]) => ["--setenv", name, value]);
}

/** What a link in /etc leads to (to /run, for name resolution) shows in the link's place. */
function asTheHostHasIt(path: string): string[] {
  try {
    return ["--ro-bind", realpathSync(path), path];
  } catch {
    return [];
  }
}

/** /usr, and what a merged-usr system links into it or an older one keeps beside it. */
function systemFolders(): string[] {
  const beside = ["/bin", "/sbin", "/lib", "/lib32", "/lib64"].flatMap((path) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return [];
    return found.isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
  });
  return ["--ro-bind", "/usr", "/usr", ...beside];
}

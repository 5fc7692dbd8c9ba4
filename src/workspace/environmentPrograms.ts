/**
 * What a setup needs of the machine beside the box: the package manager, and how to reach a registry. The box has
 * Houston's own Node, /usr and nothing else of the host, but npm comes with whatever Node the user has: next to it
 * in a version manager's folder, or in /usr/local. So the program that a setup names is looked for on the host, its
 * package is shown in the box, and the Node that runs it is Houston's (`#!/usr/bin/env node`).
 */
import { constants } from "node:fs";
import { access, readFile, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** Variables of the runner's process. */
export type HostEnv = Readonly<Record<string, string | undefined>>;

export interface HostProgram {
  name: string;
  /** The file, without symbolic links. */
  path: string;
  /** What to show in the box so that it works: the package it belongs to, or the file alone. */
  readOnly: string;
}

/** Called by each other, so one never comes alone. */
const families = [
  ["npm", "npx"],
  ["pnpm", "pnpx"],
  ["yarn", "yarnpkg"],
];

/**
 * The programs that a command needs, those that exist on the host. Looked for beside Houston's Node, then where the
 * user's PATH says, then in the usual places. A path is no name and is left to the box, and so is Node.
 */
export async function hostPrograms(command: string, hostEnv: HostEnv): Promise<HostProgram[]> {
  if (command.includes("/") || command === "node") return [];
  const names = families.find((family) => family.includes(command)) ?? [command];
  const folders = [
    dirname(await realpath(process.execPath)),
    ...(hostEnv["PATH"] ?? "").split(":").filter((folder) => isAbsolute(folder)),
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
  ];
  const found = await Promise.all(names.map(async (name) => await findProgram(name, folders)));
  return found.filter((program) => program !== undefined);
}

async function findProgram(name: string, folders: string[]): Promise<HostProgram | undefined> {
  for (const folder of folders) {
    const path = await realpath(join(folder, name)).catch(() => undefined);
    if (path === undefined || !(await isExecutable(path))) continue;
    const [packageFolder = path] = /^.*?\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? [];
    return { name, path, readOnly: packageFolder };
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    async () => (await stat(path)).isFile(),
    () => false,
  );
}

export interface NetworkSettings {
  env: Record<string, string>;
  readOnly: string[];
}

/** How the user's machine reaches the network: proxies, an extra certificate, the registry; never a token. */
export async function networkSettings(hostEnv: HostEnv): Promise<NetworkSettings> {
  const settings: NetworkSettings = { env: {}, readOnly: [] };
  for (const name of ["http_proxy", "https_proxy", "no_proxy"].flatMap((n) => [n, n.toUpperCase()])) {
    const value = hostEnv[name];
    if (value !== undefined && value !== "") settings.env[name] = value;
  }
  const certificates = hostEnv["NODE_EXTRA_CA_CERTS"];
  if (certificates !== undefined && isAbsolute(certificates) && (await isReadable(certificates))) {
    settings.env["NODE_EXTRA_CA_CERTS"] = certificates;
    settings.readOnly.push(certificates);
  }
  const registry = withoutUser(hostEnv["npm_config_registry"] ?? (await registryLine(hostEnv)));
  if (registry !== undefined) settings.env["npm_config_registry"] = registry;
  return settings;
}

async function isReadable(path: string): Promise<boolean> {
  return await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/** Of the user's npm configuration nothing but the line that names the registry: tokens stand beside it. */
async function registryLine(hostEnv: HostEnv): Promise<string | undefined> {
  const file = hostEnv["npm_config_userconfig"] ?? join(hostEnv["HOME"] ?? homedir(), ".npmrc");
  const text = await readFile(file, "utf8").catch(() => "");
  return /^\s*registry\s*=\s*"?([^\s"]+)/m.exec(text)?.[1];
}

function withoutUser(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  [url.username, url.password] = ["", ""];
  return url.href;
}

/** What the box needs of the machine, and the command that provides it. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"];

/** Looked for in fixed places, never in the runner's PATH: what makes the box must not come from a workspace. */
export function findTool(name: string, where: readonly string[] = folders): string | undefined {
  return where
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const installers = [
  ["apt-get", "apt-get install -y"],
  ["dnf", "dnf install -y"],
  ["zypper", "zypper install -y"],
  ["pacman", "pacman -S --noconfirm"],
  ["apk", "apk add"],
] as const;

export function installHint(name: string): string {
  const found = installers.find(([tool]) => existsSync(`/usr/bin/${tool}`) || existsSync(`/sbin/${tool}`));
  return `run \`${found?.[1] ?? "apt-get install -y"} ${name}\` as root`;
}

const switches = [
  { key: "kernel.unprivileged_userns_clone", blocks: "0", set: "1" },
  { key: "kernel.apparmor_restrict_unprivileged_userns", blocks: "1", set: "0" },
  { key: "user.max_user_namespaces", blocks: "0", set: "15000" },
] as const;

/** Why the kernel does not let an ordinary account make namespaces, as far as it says. */
export function namespaceHint(): string {
  const blocking = switches.find(({ key, blocks }) => setting(key) === blocks);
  return blocking === undefined
    ? "user namespaces are refused here; in a container, start it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`"
    : `user namespaces are switched off: run \`sysctl -w ${blocking.key}=${blocking.set}\` as root`;
}

function setting(key: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${key.replaceAll(".", "/")}`, "utf8").trim();
  } catch {
    return undefined;
  }
}

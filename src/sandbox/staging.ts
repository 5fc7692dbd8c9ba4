/**
 * How a jail is launched: straight away, or, when the account it runs under cannot walk to what it is to see
 * (`/root` is 0700, so is every mkdtemp folder), through a mount namespace of its own in which root puts those
 * folders where it can. Nothing of that is visible outside that namespace, and nothing is left behind.
 */
import { droppedAccount } from "./account.ts";
import type { Bind } from "./binds.ts";

export interface Launch {
  file: string;
  argv: string[];
  /** For child_process: who the first process runs as. */
  identity: { uid?: number; gid?: number };
  /** Where the jail finds each bind's source. */
  binds: Bind[];
}

/** Covered by an empty file system in the private namespace only; no bind may come from it (see binds.ts). */
const stage = "/sys";

export interface LaunchTools {
  bubblewrap: string;
  unshare: string;
  setpriv: string;
}

/** `bubblewrapArgv` must not depend on the binds: those are told through `--args`. */
export function planLaunch(tools: LaunchTools, bubblewrapArgv: string[], binds: Bind[]): Launch {
  const account = droppedAccount();
  if (account === null || binds.every((bind) => bind.reach === "open")) {
    return { file: tools.bubblewrap, argv: bubblewrapArgv, identity: account ?? {}, binds };
  }
  const staged = binds.map((bind, index) =>
    bind.reach === "open" ? bind : { ...bind, source: `${stage}/${String(index)}` },
  );
  const drop = [
    tools.setpriv,
    `--reuid=${String(account.uid)}`,
    `--regid=${String(account.gid)}`,
    "--clear-groups",
    "--inh-caps=-all",
    "--",
  ];
  const argv = ["--mount", "--propagation=private", "--", "/bin/sh", "-c", stagingScript(binds), "houston"];
  return {
    file: tools.unshare,
    argv: [...argv, ...drop, tools.bubblewrap, ...bubblewrapArgv],
    identity: {},
    binds: staged,
  };
}

function stagingScript(binds: Bind[]): string {
  const lines = ["set -e", `mount -t tmpfs -o mode=711,size=1m houston ${stage}`, `cd ${stage}`];
  for (const [index, bind] of binds.entries()) {
    const name = String(index);
    if (bind.reach === "hiddenByParent") {
      lines.push(bind.isDirectory ? `mkdir ${name}` : `: >${name}`);
      lines.push(`mount --bind -- ${quote(bind.source)} ${name}`);
    } else if (bind.reach === "closed") {
      // The folder itself is closed (0700) and is to be read: an overlay shows its content under an open top.
      lines.push(`mkdir ${name} ${name}.lower ${name}.upper ${name}.work`);
      lines.push(`mount --bind -- ${quote(bind.source)} ${name}.lower`);
      lines.push(
        `mount -t overlay -o lowerdir=${name}.lower,upperdir=${name}.upper,workdir=${name}.work houston ${name}`,
      );
    }
  }
  return [...lines, "cd /", 'exec /usr/bin/env -i "$@"'].join("\n");
}

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

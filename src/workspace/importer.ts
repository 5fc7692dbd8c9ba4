/**
 * Writes blobs and one commit into a mission's repository as a single synced pack, through
 * `git fast-import`; started only when there is something to write.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { WorkspaceError } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";
import { sweep, syncPath } from "./durable.ts";
import { collect, gitExit, gitFailed, type GitProcess, readable, startGit } from "./git.ts";
import type { Entry, Repository } from "./objects.ts";

export interface Changes {
  /** A tree to start from instead of the parent's; the repository holds it already. */
  tree?: string;
  removed: string[];
  written: Map<string, Entry>;
}

export class Importer {
  readonly #repository: Repository;
  /** Fast-import commits to a ref; this one is used once, so that a lock left by a kill blocks nobody. */
  readonly #ref = `refs/houston/incoming/${randomBytes(12).toString("hex")}`;
  #running: { child: GitProcess; ended: Promise<number>; out: () => Buffer; err: () => Buffer } | undefined;

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** Sends a blob; waits while git is behind. */
  async blob(content: Buffer): Promise<void> {
    await this.#send([`blob\ndata ${content.length}\n`, content, "\n"]);
  }

  /** Makes the commit on top of `parent` and resolves when pack, index and their directory are on disk. */
  async commit(parent: string, seconds: number, message: string, changes: Changes): Promise<Snapshot> {
    const who = `Houston <houston@localhost> ${seconds} +0000`;
    const text = Buffer.from(message);
    const edits = [
      ...(changes.tree === undefined ? [] : [`M 040000 ${changes.tree} ""\n`]),
      ...changes.removed.map((path) => `D ${quoted(path)}\n`),
      ...[...changes.written].map(([path, { mode, oid }]) => `M ${mode} ${oid} ${quoted(path)}\n`),
    ];
    await this.#send([
      `commit ${this.#ref}\nmark :1\nauthor ${who}\ncommitter ${who}\ndata ${text.length}\n`,
      text,
      `\nfrom ${parent}\n`,
      Buffer.from(edits.join(""), "latin1"),
      `\nget-mark :1\nls :1 ""\ndone\n`,
    ]);
    const running = this.#start();
    running.child.stdin.end();
    const code = await running.ended;
    const answer = running.out().toString("latin1");
    const [, commit, tree] = /^([0-9a-f]+)\n040000 tree ([0-9a-f]+)\t/.exec(answer) ?? [];
    if (code !== 0) throw gitFailed("fast-import", { code, stderr: readable(running.err()) });
    if (commit === undefined || tree === undefined) {
      throw new WorkspaceError("git", `git fast-import did not name the commit: ${JSON.stringify(answer)}`);
    }
    await syncPath(join(this.#repository.place.gitDir, "objects", "pack"));
    return { commit, tree };
  }

  /** Ends git if it still runs and removes what is not needed any more; always called. */
  async close(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const { gitDir } = this.#repository.place;
    if (running.child.exitCode === null) {
      running.child.kill("SIGKILL");
      await running.ended.catch(() => undefined);
      await sweep(join(gitDir, "objects", "pack"), "tmp_");
      await sweep(gitDir, "fast_import_crash_");
    }
    await rm(join(gitDir, this.#ref), { force: true });
    await rm(join(gitDir, `${this.#ref}.lock`), { force: true });
  }

  #start(): { child: GitProcess; ended: Promise<number>; out: () => Buffer; err: () => Buffer } {
    if (this.#running !== undefined) return this.#running;
    const child = startGit({
      ...this.#repository,
      args: ["fast-import", "--quiet", "--done"],
      // One pack is two syncs, loose objects would be one each.
      config: ["fastimport.unpackLimit=0"],
    });
    const out = collect(child.stdout, 64 * 1024);
    const err = collect(child.stderr, 16 * 1024);
    const ended = gitExit(child);
    ended.catch(() => undefined);
    child.stdin.on("error", () => undefined);
    this.#running = { child, ended, out: out.bytes, err: err.bytes };
    return this.#running;
  }

  async #send(parts: (string | Buffer)[]): Promise<void> {
    const { child, ended } = this.#start();
    let behind = false;
    for (const part of parts) behind = !child.stdin.write(part);
    if (behind && child.exitCode === null)
      await Promise.race([once(child.stdin, "drain").catch(() => ended), ended]);
  }
}

/** A path for fast-import; bytes stay as they are. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

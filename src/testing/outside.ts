/**
 * The world around a simulated mission: repositories, folders, branches and an outside service. It
 * survives every crash, and it is the witness: it counts what was really done.
 */
import { createHash } from "node:crypto";
import { WorkspaceError, type Workspaces } from "../ports/workspace.ts";
import type { Snapshot } from "../protocol/snapshot.ts";

/** What files hold, reduced to what matters: which facts a tree contains. */
export type Tree = ReadonlySet<string>;

export interface Performance {
  missionId: string;
  callId: string;
  epoch: number;
  kind: string;
  startedAt: number;
  /** Tokens really spent, not what was claimed. */
  tokens: number;
}

export class Outside {
  readonly #commits = new Map<string, Tree>();
  readonly #looks = new Map<string, number>();
  /** Folders by path. Whoever has a path can write there, dead runner's children included. */
  readonly folders = new Map<string, Set<string>>();
  /** The commit that each folder of an attempt or step was made from. */
  readonly made = new Map<string, string>();
  readonly branches = new Map<string, string>();
  /** Everything that was begun, for laws 2 and 5. */
  readonly performances: Performance[] = [];
  /** External effects by idempotency key: the outside does each key once. */
  readonly effects = new Map<string, { at: number; epoch: number }>();
  /** Set when something happened that must never happen. */
  readonly violations: string[] = [];

  /** A runner asks whether an effect happened. */
  look(key: string, epoch: number, now: number): boolean {
    this.#looks.set(`${key}/${epoch}`, now);
    return this.effects.has(key);
  }

  /**
   * Somebody asks the outside for an effect, having begun at `since`. A newer runner that asks for what had
   * happened before it looked, or without looking, repeats it; what an older one's request did since is the
   * outside's to tell apart, by the key.
   */
  affect(key: string, epoch: number, since: number, now: number): void {
    const before = this.effects.get(key);
    const lookedAt = this.#looks.get(`${key}/${epoch}`) ?? since;
    if (before === undefined) this.effects.set(key, { at: now, epoch });
    else if (before.epoch < epoch && before.at < lookedAt)
      this.violations.push(`law 2: external effect ${key} was repeated without looking`);
  }

  commit(tree: Tree): Snapshot {
    const facts = [...tree].sort();
    const id = createHash("sha1").update(facts.join("\n")).digest("hex");
    this.#commits.set(id, new Set(facts));
    return { commit: id, tree: `tree-${id}` };
  }

  treeOf(commit: string): Tree {
    return this.#commits.get(commit) ?? new Set();
  }

  /** Workspaces over this world, as every runner sees them. */
  workspaces(): Workspaces {
    return {
      prepare: async () => this.commit(new Set(["base"])),
      materialise: async ({ missionId, name, snapshot }) => {
        const directory = `/${missionId}/${name}`;
        if (this.folders.has(directory)) {
          this.violations.push(`folder ${directory} was made twice`);
          throw new WorkspaceError("git", `${directory} exists`);
        }
        if (!this.#commits.has(snapshot.commit)) throw new WorkspaceError("missingSnapshot", snapshot.commit);
        // What a call lays over a tree for itself is settled with it; only work begins from what is logged.
        if (/\/e\d+-c\d+$/.test(directory)) this.made.set(directory, snapshot.commit);
        this.folders.set(directory, new Set(this.treeOf(snapshot.commit)));
        return { directory };
      },
      has: async (_missionId, snapshot) => this.#commits.has(snapshot.commit),
      importCommit: async ({ parent }) => parent,
      overlay: async ({ snapshot, files }) =>
        this.commit(new Set([...this.treeOf(snapshot.commit), ...files.map(({ path }) => `file:${path}`)])),
      copy: async () => undefined,
      apply: async () => ({ paths: [] }),
      changes: async (_missionId, from, to) => {
        const [before, after] = [this.treeOf(from.commit), this.treeOf(to.commit)];
        const added = [...after].filter((fact) => !before.has(fact));
        return added.sort().map((path) => ({ path, change: "added" as const }));
      },
      readFiles: async (_missionId, snapshot, paths) => {
        const tree = this.treeOf(snapshot.commit);
        return new Map(
          paths.filter((path) => tree.has(path)).map((path) => [path, new TextEncoder().encode(path)]),
        );
      },
      files: async (_missionId, snapshot) => [...this.treeOf(snapshot.commit)].sort(),
      capture: async ({ directory, parent }) => {
        const folder = this.folders.get(directory);
        return folder === undefined ? parent : this.commit(folder);
      },
      deliver: async ({ branch, snapshot }) => {
        const at = this.branches.get(branch);
        if (at !== undefined && at !== snapshot.commit)
          throw new WorkspaceError("conflict", `${branch} stands at ${at}`);
        this.branches.set(branch, snapshot.commit);
      },
      delivered: async ({ branch, snapshot }) => this.branches.get(branch) === snapshot.commit,
      diff: async () => "",
      remove: async (directory) => {
        this.folders.delete(directory);
      },
      removeAll: async (missionId, keptPrefix = "-") => {
        for (const directory of this.folders.keys())
          if (directory.startsWith(`/${missionId}/`) && !directory.startsWith(`/${missionId}/${keptPrefix}`))
            this.folders.delete(directory);
      },
    };
  }
}

/** A real folder made to hold what a crash left; only what differs from the crash before is written. */
import { mkdirSync, readdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import type { CrashedFolder } from "./crash.ts";

export class Mirror {
  readonly root: string;
  private held = new Map<string, string>();

  constructor(root: string) {
    this.root = root;
    this.reset();
  }

  /** Empties it: afterwards nothing is taken to be as it was. */
  reset(): void {
    rmSync(this.root, { recursive: true, force: true });
    mkdirSync(this.root, { recursive: true });
    this.held = new Map();
  }

  hold(folder: CrashedFolder): void {
    for (const path of [...this.held.keys()].reverse()) {
      const wanted = folder.get(path);
      if (wanted !== undefined && (wanted === "folder") === path.endsWith("/")) continue;
      rmSync(this.at(path), { recursive: true, force: true });
      this.held.delete(path);
    }
    for (const [path, wanted] of folder) {
      const key = wanted === "folder" ? "folder" : wanted.key;
      if (this.held.get(path) === key) continue;
      if (wanted === "folder") mkdirSync(this.at(path));
      else writeFileSync(this.at(path), wanted.content());
      this.held.set(path, key);
    }
  }

  /** Removes the files of one folder (not those below), because somebody has written in them. */
  forgetFiles(folder: string): void {
    for (const entry of readdirSync(this.at(folder), { withFileTypes: true })) {
      if (!entry.isDirectory()) unlinkSync(this.at(`${folder}${entry.name}`));
    }
    // Some may be gone already: SQLite removes its WAL.
    for (const path of this.held.keys()) {
      if (path.startsWith(folder) && !path.slice(folder.length).includes("/") && path !== folder)
        this.held.delete(path);
    }
  }

  /** What is held below a folder, in short: equal answers, equal contents. */
  keyOf(folder: string): string {
    return [...this.held]
      .filter(([path]) => path.startsWith(folder))
      .map(([path, key]) => `${path} ${key}`)
      .sort()
      .join("\n");
  }

  private at(path: string): Buffer {
    return Buffer.concat([Buffer.from(`${this.root}/`), Buffer.from(path, "latin1")]);
  }
}

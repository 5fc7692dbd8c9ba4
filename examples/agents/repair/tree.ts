/** The sources as the search has changed them so far: every copy holds them, the workspace only once they are saved. */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scratch } from "./scratch.ts";

/** Texts by file that differ from those at the start. */
export type Overlay = ReadonlyMap<string, string>;

export class Tree {
  readonly #workspace: string;
  readonly #scratch: Scratch;
  /** As the attempt found them. */
  readonly #originals = new Map<string, string>();
  readonly #overlay = new Map<string, string>();

  constructor(workspace: string, scratch: Scratch) {
    this.#workspace = workspace;
    this.#scratch = scratch;
  }

  /** Throws when there is no such file. */
  read(file: string): string {
    return this.#overlay.get(file) ?? this.#original(file);
  }

  write(file: string, text: string): void {
    if (text === this.#original(file)) this.#overlay.delete(file);
    else this.#overlay.set(file, text);
    this.#scratch.write(file, text);
  }

  overlay(): Overlay {
    return new Map(this.#overlay);
  }

  /** Goes back, or on, to what `overlay` returned. */
  restore(overlay: Overlay): void {
    for (const file of this.#overlay.keys()) if (!overlay.has(file)) this.write(file, this.#original(file));
    for (const [file, text] of overlay) this.write(file, text);
  }

  isAsFound(): boolean {
    return this.#overlay.size === 0;
  }

  /** Makes the workspace hold this. */
  save(): void {
    for (const file of this.#originals.keys()) {
      const path = join(this.#workspace, file);
      if (readFileSync(path, "utf8") !== this.read(file)) writeFileSync(path, this.read(file));
    }
  }

  /** The same for the same texts. */
  key(): string {
    const hash = createHash("sha256");
    for (const [file, text] of [...this.#overlay].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${file}\0${text}\0`);
    return hash.digest("base64url");
  }

  #original(file: string): string {
    const known = this.#originals.get(file) ?? readFileSync(join(this.#workspace, file), "utf8");
    this.#originals.set(file, known);
    return known;
  }
}

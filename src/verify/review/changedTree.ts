/** What a change did to files that others refer to. */
import { dirname, join } from "node:path/posix";
import { isObject } from "../reports/json.ts";
import { importsOf, isScript, parseScript } from "../syntax.ts";
import { isTestPath } from "../testFiles.ts";
import type { Change } from "./change.ts";

/** Without what imports may leave out or write differently. */
export const bareName = (path: string): string =>
  path.replace(/\.(?:[cm]?[jt]sx?|json)$/, "").replace(/\/index$/, "");

export class ChangedTree {
  readonly #after = new Map<string, string | undefined>();
  readonly #imported = new Set<string>();
  /** Files that a changed package.json names as commands. */
  readonly commands = new Set<string>();

  constructor(changes: readonly Change[]) {
    for (const change of changes) {
      const { path, after } = change;
      const name = bareName(path);
      this.#after.set(name, after ?? this.#after.get(name));
      if (/(?:^|\/)package\.json$/.test(path)) this.#readCommands(path, after);
      // A command takes what it runs from sources; that makes those no less its own.
      else if (isScript(path) && !isTestPath(path) && !/(?:^|\/)bin\//.test(path))
        this.#readImports(path, after);
    }
  }

  /** Whether a changed source uses this file. */
  isImported(path: string): boolean {
    return this.#imported.has(bareName(path));
  }

  /** Whether a file, named without extension, is there after the change and still exports a name. */
  stillHas(bare: string, name: string): boolean {
    if (!this.#after.has(bare)) return true;
    const text = this.#after.get(bare);
    if (text === undefined) return false;
    if (name === "default" || name === "*") return true;
    return new RegExp(`\\b(?:export|exports)\\b[^;]*\\b${name.replaceAll("$", "\\$")}\\b`, "u").test(text);
  }

  #readImports(path: string, after: string | undefined): void {
    const program = after === undefined ? undefined : parseScript(path, after);
    if (program === undefined || after === undefined) return;
    const named = [...importsOf(program.root).values()].map(({ from }) => from);
    const bare = [...after.matchAll(/(?:import|require\(|import\()\s*["']([^"']+)["']/g)].map(
      ([, from]) => from ?? "",
    );
    for (const from of [...named, ...bare])
      if (from.startsWith(".")) this.#imported.add(bareName(join(dirname(path), from)));
  }

  #readCommands(path: string, after: string | undefined): void {
    try {
      const manifest: unknown = JSON.parse(after ?? "{}");
      const bin = isObject(manifest) ? manifest["bin"] : undefined;
      const files = isObject(bin) ? Object.values(bin) : [bin];
      for (const file of files) if (typeof file === "string") this.commands.add(join(dirname(path), file));
    } catch {
      // Said where package.json is reviewed.
    }
  }
}

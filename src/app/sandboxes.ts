/** The boxes there are, loaded when one is needed. */
import type { Sandbox } from "../ports/sandbox.ts";

export type BoxKind = Sandbox["kind"];

export async function createSandbox(kind: BoxKind): Promise<Sandbox> {
  if (kind === "none") return (await import("../sandbox/none.ts")).createNoSandbox();
  return (await import("../sandbox/bubblewrap.ts")).createBubblewrap();
}

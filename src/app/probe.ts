/** Whether a box holds on this machine, before there is anything to put into it. */
import type { SandboxReport } from "../ports/sandbox.ts";
import { createSandbox, type BoxKind } from "./sandboxes.ts";

export async function probeSandbox(kind: BoxKind): Promise<SandboxReport> {
  return await (await createSandbox(kind)).probe();
}

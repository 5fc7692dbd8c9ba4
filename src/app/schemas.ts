/** The schemas of what crosses the border to agents, for those who may not reach into that floor. */
import type { WireSchemaName } from "../agents/wireSchemas.ts";

export async function wireSchema(name: WireSchemaName): Promise<Record<string, unknown>> {
  return (await import("../agents/wireSchemas.ts")).wireSchemas()[name];
}

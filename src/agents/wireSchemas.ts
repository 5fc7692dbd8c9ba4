/** What crosses the border to agents, as JSON Schema: for `houston schema`, and for agents in any language. */
import { z } from "zod";
import { briefSchema } from "../protocol/brief.ts";
import { handoffSchema, programLineSchema } from "../protocol/handoff.ts";

export type WireSchemaName = "brief" | "programLine" | "handoff";

/**
 * `brief` describes what an agent is given, so defaults are filled in; `programLine` and `handoff` what an agent
 * writes, so that what has a default may be left out.
 */
export function wireSchemas(): Record<WireSchemaName, Record<string, unknown>> {
  return {
    brief: { ...z.toJSONSchema(briefSchema, { io: "output" }), title: "Brief" },
    programLine: { ...z.toJSONSchema(programLineSchema, { io: "input" }), title: "ProgramLine" },
    handoff: { ...z.toJSONSchema(handoffSchema, { io: "input" }), title: "Handoff" },
  };
}

/** `houston schema`: what files and agents' messages look like, as JSON Schema. */
import { wireSchema } from "../../app/schemas.ts";
import { missionFileJsonSchema } from "../../plan/missionFileSchema.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { printJson } from "../output.ts";

export async function schema(name = "mission"): Promise<ExitCode> {
  switch (name) {
    case "mission":
      printJson(missionFileJsonSchema());
      break;
    case "brief":
    case "handoff":
      printJson(await wireSchema(name));
      break;
    case "line":
      printJson(await wireSchema("programLine"));
      break;
    default:
      throw new CliError(exitCodes.usage, `there is no schema "${name}": mission, brief, handoff or line`);
  }
  return exitCodes.ok;
}

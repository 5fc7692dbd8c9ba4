/** `houston plan check`: whether a mission file holds, and whether what it names is there. Starts nothing. */
import { existsSync } from "node:fs";
import { escapeLine, escapeText } from "../../app/escape.ts";
import { checkPlan } from "../../app/planCheck.ts";
import type { FileProblem } from "../../plan/missionFile.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { stateDirectoryOf, type GlobalOptions } from "../opening.ts";
import { print, printJson, tell } from "../output.ts";

/** Ends with 2 when the file is no plan, as `run` would, and with 1 when what it names is not there. */
export async function planCheck(
  file: string,
  options: GlobalOptions & { json?: boolean },
): Promise<ExitCode> {
  if (!existsSync(file)) throw new CliError(exitCodes.notFound, `there is no file ${file}`);
  const { verdict, problems, warnings, plan } = await checkPlan(file, stateDirectoryOf(options));
  if (options.json === true) printJson({ ok: verdict === "ok", problems, warnings, plan: plan ?? null });
  else {
    if (problems.length > 0) print(problemLines(file, problems));
    for (const warning of warnings) tell(`note: ${escapeText(warning)}`);
    if (verdict === "ok" && plan !== undefined)
      print(
        `${file} holds: ${plan.tasks} ${plan.tasks === 1 ? "task" : "tasks"}, ${plan.assertions} ${plan.assertions === 1 ? "assertion" : "assertions"}${plan.heldOut === 0 ? "" : ` (${plan.heldOut} held out)`}, from ${escapeLine(plan.base)} of ${escapeLine(plan.repository)}`,
      );
  }
  return { ok: exitCodes.ok, file: exitCodes.usage, outside: exitCodes.error }[verdict];
}

/** As compilers write them, so that editors find the place. */
export function problemLines(file: string, problems: readonly FileProblem[]): string {
  const lines = problems.map(({ line, column, path, message }) => {
    const where = path.length === 0 ? "" : `${path.join(".")}: `;
    return `${file}:${line}:${column}: ${where}${message}`;
  });
  return escapeText(lines.join("\n"));
}

/** `houston verify`: proves a contract again, on any commit, and changes nothing. */
import { existsSync } from "node:fs";
import type { Houston } from "../../app/houston.ts";
import { proofDraft } from "../../app/proofs.ts";
import type { MissionDraft } from "../../plan/missionDraft.ts";
import { CliError, exitCodes, refusalError, type ExitCode } from "../exit.ts";
import { findMission, withHouston } from "../opening.ts";
import { print, printJson, tell } from "../output.ts";
import { reportText } from "./report.ts";
import { checkBox, draftFrom, inForeground, withOverrides, type RunOptions } from "./run.ts";

export interface VerifyOptions extends RunOptions {
  ref?: string;
}

/** Of a mission, by its id, or of a mission file. Ends with 0 when every assertion passed, else with 6. */
export async function verify(target: string, options: VerifyOptions): Promise<ExitCode> {
  return await withHouston(options, "change", async (houston) => {
    const draft = await draftOf(houston, target, options);
    await checkBox(houston, draft);
    await houston.checkRepository(draft);
    tell(
      `proving ${draft.contract.length} assertions on ${draft.repository.base} of ${draft.repository.path}`,
    );
    const created = await houston.createMission(draft);
    if (!created.ok) throw refusalError(created.refusal);
    // What run would print is said below, with the verdicts.
    const exit = await inForeground(houston, created.missionId, { ...options, quiet: true, json: false });
    const report = await houston.report(created.missionId);
    if (report === undefined) throw new CliError(exitCodes.notFound, `mission ${created.missionId} is gone`);
    if (options.json === true)
      printJson({
        missionId: created.missionId,
        ref: draft.repository.base,
        commit: report.repository.commit ?? null,
        outcome: report.outcome?.outcome ?? null,
        assertions: report.assertions,
        checks: report.checks,
        unverified: report.unverified,
        exitCode: exit,
      });
    else print(reportText(report, []));
    return exit;
  });
}

async function draftOf(houston: Houston, target: string, options: VerifyOptions): Promise<MissionDraft> {
  if (existsSync(target))
    return withOverrides(proofDraft(await draftFrom(target, options), options.ref), options);
  const missionId = await findMission(houston, target);
  const draft = await houston.proofOf(missionId, options.ref);
  if (draft === undefined) throw new CliError(exitCodes.notFound, `there is no mission ${target}`);
  return withOverrides(draft, options);
}

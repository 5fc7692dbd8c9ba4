/** `houston apply`: carries what a mission changed into the user's work tree, uncommitted. */
import { escapeLine } from "../../app/escape.ts";
import { exitCodes, type ExitCode } from "../exit.ts";
import { withHouston, type GlobalOptions } from "../opening.ts";
import { print, printJson, tell } from "../output.ts";
import { changeOf } from "./diff.ts";

export async function apply(id: string, options: GlobalOptions & { json?: boolean }): Promise<ExitCode> {
  return await withHouston(options, "change", async (houston) => {
    const { missionId, from, to, what, report } = await changeOf(houston, id);
    const repositoryPath = report.repository.path;
    const paths = await houston.apply({ missionId, repositoryPath, from, to });
    if (options.json === true) printJson({ missionId, repositoryPath, paths });
    else for (const path of paths) print(escapeLine(path));
    tell(
      paths.length === 0
        ? `nothing to do: ${escapeLine(repositoryPath)} has all of it`
        : `${what}: ${paths.length} ${paths.length === 1 ? "path" : "paths"} changed in ${escapeLine(repositoryPath)}, nothing committed`,
    );
    return exitCodes.ok;
  });
}

/** `houston init`: a first mission file for the repository one stands in. */
import { relative, resolve } from "node:path";
import { escapeLine } from "../../app/escape.ts";
import { initialise } from "../../app/initialise.ts";
import { CliError, exitCodes, type ExitCode } from "../exit.ts";
import { print, tell } from "../output.ts";

export async function init(folder: string | undefined, options: { force?: boolean }): Promise<ExitCode> {
  const made = initialise(resolve(folder ?? "."), options.force === true);
  const file = relative(process.cwd(), made.file);
  if (!made.ok)
    throw new CliError(exitCodes.notAllowed, `${file} is there already: --force would overwrite it`);
  for (const sentence of made.found) tell(`found ${escapeLine(sentence)}`);
  print(file);
  tell(`fill in what is empty; houston plan check ${file} says what is missing`);
  return await Promise.resolve(exitCodes.ok);
}

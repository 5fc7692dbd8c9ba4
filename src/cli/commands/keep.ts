/** `houston doctor`, `rebuild`, `backup`, `export` and `import`: looking after the machine and the store. */
import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { diagnose } from "../../app/doctor.ts";
import { escapeText } from "../../app/escape.ts";
import { exitCodes, type ExitCode } from "../exit.ts";
import { stateDirectoryOf, withHouston, type GlobalOptions } from "../opening.ts";
import { print, printJson, styled, table, tell } from "../output.ts";

export async function doctor(options: GlobalOptions & { json?: boolean }): Promise<ExitCode> {
  const checks = await diagnose(stateDirectoryOf(options));
  if (options.json === true) printJson(checks);
  else
    print(
      table(
        checks.map(({ ok, name, detail }) => [
          ok ? styled("green", "✓") : styled("red", "✗"),
          name,
          escapeText(detail),
        ]),
      ),
    );
  return checks.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.error;
}

export async function rebuild(options: GlobalOptions): Promise<ExitCode> {
  const count = await withHouston(options, "change", async (houston) => await houston.rebuild());
  tell(`${count} missions derived again from the log`);
  return exitCodes.ok;
}

export async function backup(directory: string, options: GlobalOptions): Promise<ExitCode> {
  await withHouston(options, "change", async (houston) => await houston.backup(directory));
  tell(`the store was copied to ${directory}; missions' repositories (workspaces/) are not in it`);
  return exitCodes.ok;
}

export async function exportTo(file: string | undefined, options: GlobalOptions): Promise<ExitCode> {
  await withHouston(options, "look", async (houston) => {
    const lines = Readable.from(houston.export());
    if (file === undefined || file === "-")
      for await (const line of lines) process.stdout.write(String(line));
    else await finished(lines.pipe(createWriteStream(file, { flags: "wx", mode: 0o600 })));
  });
  return exitCodes.ok;
}

export async function importFrom(file: string, options: GlobalOptions): Promise<ExitCode> {
  const source = file === "-" ? process.stdin : createReadStream(file);
  source.setEncoding("utf8");
  const count = await withHouston(
    options,
    "change",
    async (houston) => await houston.import(source as AsyncIterable<string>),
  );
  tell(`${count} missions imported`);
  return exitCodes.ok;
}

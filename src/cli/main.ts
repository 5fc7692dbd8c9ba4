/** The command line's beginning and end: parses, does, and turns every ending into an exit code. */
import { readFileSync } from "node:fs";
import { escapeText } from "../app/escape.ts";
import { CliError, exitCodes, type ExitCode } from "./exit.ts";
import { tell } from "./output.ts";

async function main(argv: readonly string[]): Promise<ExitCode> {
  const quick = await withoutCommander(argv);
  if (quick !== undefined) return quick;
  const [{ commandLine }, { CommanderError }] = await Promise.all([
    import("./program.ts"),
    import("commander"),
  ]);
  try {
    const { action, help } = commandLine(version(), argv);
    if (action !== undefined) return await action();
    tell(help);
    return exitCodes.usage;
  } catch (error) {
    // Commander has said what was wrong already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    throw error;
  }
}

/** What is started often and must be quick: the version, and a runner that recovers a mission. */
async function withoutCommander(argv: readonly string[]): Promise<ExitCode | undefined> {
  const [command, flag, missionId] = argv;
  if (argv.length === 1 && (command === "--version" || command === "-V")) {
    process.stdout.write(`${version()}\n`);
    return exitCodes.ok;
  }
  if (argv.length === 3 && command === "runner" && flag === "--mission" && missionId !== undefined)
    return await (await import("./commands/runner.ts")).runner({ mission: missionId });
  return undefined;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

function exitFor(error: unknown): ExitCode {
  if (error instanceof CliError) {
    tell(`houston: ${error.message}`);
    return error.exitCode;
  }
  // What the outside refuses has a name and a message that says what to do; anything else is our own fault.
  const isNamed =
    error instanceof Error && ["StoreError", "WorkspaceError", "SandboxError"].includes(error.name);
  const text = isNamed
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  tell(`houston: ${escapeText(text)}`);
  return exitCodes.error;
}

// `houston events | head` is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.ok);
});

process.exitCode = await main(process.argv.slice(2)).catch(exitFor);

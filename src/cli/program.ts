/** The commands and their options; what they do is loaded when one is called. */
import { Command, Option } from "commander";
import type { ExitCode } from "./exit.ts";

type Action = () => Promise<ExitCode>;

/** Parses and answers what is to be done. Help and version are printed by commander, which then throws. */
export function commandLine(
  version: string,
  argv: readonly string[],
): { action: Action | undefined; help: string } {
  let action: Action | undefined;
  const choose = (next: Action): void => {
    action = next;
  };
  const program = new Command("houston")
    .description(
      "Mission control for coding agents: runs missions that nothing can kill, verifies what was done.",
    )
    .version(version, "-V, --version")
    .option("--state-dir <directory>", "where missions are kept (or HOUSTON_STATE_DIR)")
    .exitOverride()
    .showHelpAfterError("(houston --help lists the commands)")
    .helpCommand(false);
  addPlanning(program, choose);
  addRunning(program, choose);
  addLooking(program, choose);
  addChanges(program, choose);
  addCheckpoints(program, choose);
  addDeciding(program, choose);
  addKeeping(program, choose);
  program.parse([...argv], { from: "user" });
  return { action, help: program.helpInformation() };
}

type Choose = (action: Action) => void;

/** The command's own options with the global ones. */
function options<T extends object>(command: Command): T {
  return command.optsWithGlobals<T>();
}

function addPlanning(program: Command, choose: Choose): void {
  program
    .command("init [folder]")
    .description("write a first mission file for a repository, after looking at it")
    .option("--force", "overwrite the one that is there")
    .action((folder: string | undefined, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/init.ts")).init(folder, options(command))),
    );
  const plan = program
    .command("plan")
    .description("look at a mission file before it runs")
    .helpCommand(false);
  plan
    .command("check <file>")
    .description("whether it holds, and whether what it names is there")
    .option("--json", "as JSON")
    .action((file: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/plan.ts")).planCheck(file, options(command))),
    );
}

const sandboxOption = (): Option =>
  new Option("--sandbox <kind>", "the box agents run in; none is no box at all").choices([
    "bubblewrap",
    "none",
  ]);

const setupNetworkOption = (): Option =>
  new Option("--allow-setup-network", "let setup commands that ask for it use the network");

function addRunning(program: Command, choose: Choose): void {
  program
    .command("run <file>")
    .description("run a mission from its file (YAML or JSON)")
    .option("-d, --detach", "leave it to a runner in the background; print its id")
    .addOption(sandboxOption())
    .option("-y, --yes", "approve the plan")
    .option("--budget <limits>", "such as 20usd or calls=100,time=2h")
    .option("--no-wait", "leave with exit code 5 when a person must answer")
    .addOption(setupNetworkOption())
    .option("--json", "print the result as JSON")
    .action((file: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/run.ts")).run(file, options(command))),
    );
  program
    .command("verify <target>")
    .description("prove the contract of a mission (by id) or of a mission file again; changes nothing")
    .option("--ref <ref>", "the branch, tag or commit to judge; what the mission delivered when left out")
    .addOption(setupNetworkOption())
    .addOption(sandboxOption())
    .option("--json", "print verdicts and evidence as JSON")
    .action((target: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/verify.ts")).verify(target, options(command))),
    );
  program
    .command("runner")
    .description("perform missions; take over those whose runner died")
    .option("--mission <id>", "only this one, until it is closed")
    .option("--until-closed", "end when no mission is open")
    .addOption(sandboxOption())
    .action((_own: unknown, command: Command) =>
      choose(async () => (await import("./commands/runner.ts")).runner(options(command))),
    );
  program
    .command("demo")
    .description(
      "watch real missions survive the death of their runner; no key, npm's registry for one dependency",
    )
    .option("--keep", "keep the temporary folder")
    .action((_own: unknown, command: Command) =>
      choose(async () => (await import("./demo/demo.ts")).demo(options(command))),
    );
}

function addLooking(program: Command, choose: Choose): void {
  program
    .command("ls")
    .description("list missions")
    .option("--json", "as JSON")
    .action((_own: unknown, command: Command) =>
      choose(async () => (await import("./commands/look.ts")).ls(options(command))),
    );
  program
    .command("status [id]")
    .description("what a mission is at, and why; all that are open without an id")
    .option("--json", "as JSON")
    .action((id: string | undefined, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/look.ts")).status(id, options(command))),
    );
  program
    .command("watch <id>")
    .description("follow a mission until it is closed")
    .option("--json", "events as lines of JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/watch.ts")).watch(id, options(command))),
    );
  program
    .command("logs <id>")
    .description("what agents printed")
    .option("-f, --follow", "go on until the mission is closed")
    .option("--call <call>", "of this call; the latest attempt when left out")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/watch.ts")).logs(id, options(command))),
    );
  program
    .command("events <id>")
    .description("what happened, from the log")
    .option("-f, --follow", "go on until the mission is closed")
    .option("--from <seq>", "begin with this sequence number", "1")
    .option("--json", "records as lines of JSON")
    .option("--trace", "as trace events, lines of JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/watch.ts")).events(id, options(command))),
    );
  program
    .command("report <id>")
    .description("requirement, assertion, task, commit, evidence")
    .option("--md", "as Markdown")
    .option("--html", "as one HTML file that needs nothing else")
    .option("--json", "as JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/report.ts")).report(id, options(command))),
    );
}

function addChanges(program: Command, choose: Choose): void {
  program
    .command("diff <id>")
    .description("what a mission changed, from its base to what it delivered or came to")
    .option("--stat", "paths and counts of lines")
    .option("--json", "paths and counts of lines as JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/diff.ts")).diff(id, options(command))),
    );
  program
    .command("apply <id>")
    .description("carry a mission's change into the work tree of its repository, uncommitted, all or nothing")
    .option("--json", "the paths as JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/apply.ts")).apply(id, options(command))),
    );
}

function addCheckpoints(program: Command, choose: Choose): void {
  const checkpoint = program
    .command("checkpoint")
    .description("positions of a mission to go back to")
    .helpCommand(false);
  checkpoint
    .command("ls <mission>")
    .description("those there are, newest first")
    .option("--json", "as JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/checkpoint.ts")).list(id, options(command))),
    );
  checkpoint
    .command("diff <mission> <position>")
    .description("from the tree as it is to the tree as it was")
    .action((id: string, seq: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/checkpoint.ts")).diff(id, seq, options(command))),
    );
  checkpoint
    .command("restore <mission>")
    .description("take the work back to a position; what was spent and done outside stays")
    .option("--to <position>", "the newest whole one of the latest ten when left out")
    .option("--dry-run", "only say what would be lost")
    .option("-y, --yes", "without asking")
    .option("--reason <text>", "kept in the log")
    .option("--json", "the preview as JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/checkpoint.ts")).restore(id, options(command))),
    );
  checkpoint
    .command("undo <mission>")
    .description("take the newest rollback back")
    .option("--reason <text>", "kept in the log")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/checkpoint.ts")).undo(id, options(command))),
    );
  program
    .command("fork <mission>")
    .description("a new mission that goes on from an earlier position")
    .option("--at <position>", "the newest whole one of the latest ten when left out")
    .option("--json", "as JSON")
    .action((id: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/checkpoint.ts")).fork(id, options(command))),
    );
}

function addDeciding(program: Command, choose: Choose): void {
  program
    .command("inbox")
    .description("everything a person must decide")
    .option("--json", "as JSON")
    .action((_own: unknown, command: Command) =>
      choose(async () => (await import("./commands/look.ts")).inbox(options(command))),
    );
  program
    .command("approve <id> [approval]")
    .description("grant what a mission asks; the approval may be left out when there is one")
    .option("--raise <limits>", "by how much the budget grows, such as calls=10,time=5m")
    .option("--note <text>")
    .action((id: string, approval: string | undefined, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/decide.ts")).approve(id, approval, options(command))),
    );
  program
    .command("reject <id> [approval]")
    .description("refuse what a mission asks")
    .option("--note <text>")
    .action((id: string, approval: string | undefined, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/decide.ts")).reject(id, approval, options(command))),
    );
  program
    .command("answer <id> <task>")
    .description("hand off a task that a person does")
    .option("--done <summary>", "it is done: what was done")
    .option("--handoff <file>", "a handoff as JSON; - reads standard input")
    .option("--from <ref>", "the branch or commit of the mission's repository that holds the work")
    .action((id: string, task: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/answer.ts")).answer(id, task, options(command))),
    );
  for (const verb of ["pause", "resume", "cancel"] as const)
    program
      .command(`${verb} <id>`)
      .description(verbs[verb])
      .option("--reason <text>")
      .action((id: string, _own: unknown, command: Command) =>
        choose(async () => (await import("./commands/decide.ts")).change(verb, id, options(command))),
      );
}

const verbs = {
  pause: "end what is under way, keep what it left, start nothing",
  resume: "go on after a pause",
  cancel: "end a mission for good",
} as const;

function addKeeping(program: Command, choose: Choose): void {
  program
    .command("doctor")
    .description("whether this machine can run missions")
    .option("--json", "as JSON")
    .action((_own: unknown, command: Command) =>
      choose(async () => (await import("./commands/keep.ts")).doctor(options(command))),
    );
  program
    .command("schema [name]")
    .description("JSON Schema of mission, brief, handoff or line")
    .action((name: string | undefined) =>
      choose(async () => (await import("./commands/schema.ts")).schema(name)),
    );
  program
    .command("rebuild")
    .description("derive lists and receipts again from the log")
    .action((_own: unknown, command: Command) =>
      choose(async () => (await import("./commands/keep.ts")).rebuild(options(command))),
    );
  program
    .command("backup <directory>")
    .description("a consistent copy into a new folder, while missions run")
    .action((directory: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/keep.ts")).backup(directory, options(command))),
    );
  program
    .command("export [file]")
    .description("the log as lines of JSON, to a file or standard output")
    .action((file: string | undefined, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/keep.ts")).exportTo(file, options(command))),
    );
  program
    .command("import <file>")
    .description("fill an empty state directory from an export; - reads standard input")
    .action((file: string, _own: unknown, command: Command) =>
      choose(async () => (await import("./commands/keep.ts")).importFrom(file, options(command))),
    );
}

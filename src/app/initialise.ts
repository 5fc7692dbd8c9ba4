/** Writes a first mission file for a repository, from what was found in it; what a person must decide stays open. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missionFileJsonSchema } from "../plan/missionFileSchema.ts";
import { lookAt, type Found, type FoundTests } from "./initialiseLook.ts";

export const missionFileName = "houston.yaml";
/** Beside the mission file, so that editors complete it without a network. */
const schemaPath = ".houston/mission.schema.json";

export type Initialised = { ok: true; file: string; found: string[] } | { ok: false; file: string };

/** Writes into `folder`; refuses to overwrite a mission file unless `force`. */
export function initialise(folder: string, force: boolean): Initialised {
  const file = join(folder, missionFileName);
  if (existsSync(file) && !force) return { ok: false, file };
  const found = lookAt(folder);
  mkdirSync(join(folder, ".houston"), { recursive: true });
  writeFileSync(join(folder, schemaPath), `${JSON.stringify(missionFileJsonSchema(), undefined, 2)}\n`);
  writeFileSync(file, missionText(found), { flag: force ? "w" : "wx" });
  return { ok: true, file, found: sentences(found) };
}

/** What was found, for people. */
function sentences(found: Found): string[] {
  const { manager, hasLockfile, hasDependencies, packages, tests, checks } = found;
  const folder = (name: string): string => (name === "" ? "" : ` in ${name}`);
  return [
    ...(manager === undefined
      ? ["no package manager"]
      : [`${manager}${hasLockfile ? "" : ", without a lockfile"}`]),
    ...(manager !== undefined && hasDependencies && !hasLockfile
      ? [`no lockfile, so no setup was written: commit one (${manager} install makes it)`]
      : []),
    ...(packages.length === 0 ? [] : [`${packages.length} packages: ${packages.join(", ")}`]),
    ...tests.map(({ program, folder: name }) => `tests: ${program}${folder(name)}`),
    ...(tests.length === 0 ? ["no tests: the contract needs a check of yours"] : []),
    ...checks.map(({ script }) => `a check: npm run ${script}`),
  ];
}

/** Open places are empty values: `houston plan check` names each until it is filled in. */
function missionText(found: Found): string {
  return `# yaml-language-server: $schema=./${schemaPath}
#
# A mission for Houston. Fill in what is empty, then:
#   houston plan check ${missionFileName}     says what is missing
#   houston run ${missionFileName}            runs it
houston: 1

# One sentence: what is true when this is done?
goal: ""

# Work starts from a commit; uncommitted changes are not part of it.
repository: { path: ., base: HEAD }
${setupText(found)}
# Who works. A program is started in a box, in a folder of its own, and speaks a small protocol
# (houston schema brief, houston schema handoff). A person is asked in the inbox.
agents:
  worker:
    program: [] # such as [node, ./agents/worker.ts]; paths with ./ are beside this file
  # me: { human: "Your name" }

# What must be true in the end, and how it is checked. A check runs in a fresh folder, by somebody else.
contract:
${contractText(found.tests)}
  # Checks that no agent sees: keep the file out of git and out of your agents' folders.
  # - id: held-out
  #   behaviour: It also holds for cases the agent was not shown
  #   heldOut: true
  #   tests: { command: [node, --test, --test-reporter=tap, test/held.test.js] }
  #   files: { test/held.test.js: ../held/held.test.js }
${checksText(found)}
# Who does what. Each assertion is claimed by exactly one task.
tasks:
  - id: work
    goal: "" # what the agent is told
    agent: worker
    fulfills: [${found.tests.length === 0 ? "done" : found.tests.map(assertionId).join(", ")}]

# The mission stops and asks when one of these is used up.
budget: { calls: 50, time: 2h }
`;
}

function setupText({ manager, setup, hasLockfile, hasDependencies }: Found): string {
  if (manager === undefined || !hasLockfile || !hasDependencies) return "";
  return `
# Dependencies are installed once, before any work, and given read-only to every workspace.
# Without --allow-setup-network it gets no network.
setup: ${setup === undefined ? manager : list(setup)}
`;
}

const assertionId = ({ folder }: FoundTests): string =>
  folder === "" ? "tests-pass" : `tests-pass-${folder.toLowerCase().replace(/[^a-z0-9._-]+/g, "-")}`;

function contractText(tests: readonly FoundTests[]): string {
  if (tests.length === 0)
    return `  - id: done
    behaviour: "" # what is promised, for people
    command: [] # ends with 0 when it is true, such as [sh, test.sh]`;
  return tests
    .map((found) => {
      const { folder, command, report, program } = found;
      const where = folder === "" ? "" : `, cwd: ${text(folder)}`;
      const behaviour = `Every test${folder === "" ? "" : ` of ${folder}`} passes`;
      const check =
        report === undefined
          ? `# ${program} says no more than its exit code; a report a machine can read would say which tests ran.
    command: { command: ${list(command)}${where} }`
          : `# \`expect: [names]\` makes sure that no test is left out.
    tests: { command: ${list(command)}, report: ${report}${where} }`;
      return `  - id: ${assertionId(found)}
    behaviour: ${text(behaviour)}
    ${check}`;
    })
    .join("\n");
}

function checksText({ checks, manager }: Found): string {
  if (checks.length === 0) return "";
  const items = checks.map(
    ({ id, behaviour, script }) => `  - id: ${id}
    behaviour: ${text(behaviour)}
    command: ${list([manager ?? "npm", "run", script])}`,
  );
  return `
# What passes on the base must still pass in the end.
checks:
${items.join("\n")}
`;
}

/** In YAML's flow style every text may be written as JSON writes it. */
const list = (words: readonly string[]): string => `[${words.map(text).join(", ")}]`;

const text = (word: string): string =>
  /^(--)?[A-Za-z][A-Za-z0-9_./=-]*( [A-Za-z0-9_./-]+)*$/.test(word) &&
  !/^(true|false|null|yes|no|on|off)$/i.test(word)
    ? word
    : JSON.stringify(word);

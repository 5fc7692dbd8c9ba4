/** Mission files with what lies around them: the contract's files are read, and what agents could read of held-out checks is found. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { loadMissionFile } from "./missionFiles.ts";

class Place {
  readonly root = mkdtempSync(join(tmpdir(), "houston-files-"));

  write(path: string, text: string): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  git(...args: string[]): void {
    execFileSync("git", ["-c", "user.name=u", "-c", "user.email=u@x", ...args], {
      cwd: join(this.root, "repository"),
      env: { PATH: process.env["PATH"] ?? "", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    });
  }

  commit(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) this.write(`repository/${path}`, text);
    this.git("init", "-q");
    this.git("add", "-A");
    this.git("commit", "-q", "-m", "base");
  }

  /** Its problems as lines, or none. */
  async problems(file: string): Promise<string[]> {
    const loaded = await loadMissionFile(file, join(this.root, "state"));
    return loaded.ok
      ? []
      : loaded.problems.map(({ line, path, message }) => `${line} ${path.join(".")}: ${message}`);
  }
}

async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place();
  try {
    await work(place);
  } finally {
    rmSync(place.root, { recursive: true, force: true });
  }
}

const mission = (more: { files: string; program?: string; heldOut?: boolean; readOnly?: string }): string =>
  `houston: 1
goal: g
repository: ${"${repository}"}
agents:
  worker: { program: ${more.program ?? "[node, -v]"}, readOnly: [${more.readOnly ?? ""}] }
contract:
  - id: held
    behaviour: b
    command: [sh, check.sh]
    heldOut: ${more.heldOut ?? true}
    files:
      check.sh: ${more.files}
tasks:
  - { id: t, goal: g, agent: worker, fulfills: [held] }
`.replace("${repository}", "../repository");

test("files beside the mission file and written in it come with their contents", async () => {
  await inPlace(async (place) => {
    place.write("missions/check.sh", "exit 0\n");
    const file = place.write("missions/m.yaml", mission({ files: "./check.sh" }));
    const loaded = await loadMissionFile(file, place.root);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const [{ files = [] } = {}] = loaded.draft.contract;
    expect(files.map(({ path, content }) => [path, Buffer.from(content).toString()])).toEqual([
      ["check.sh", "exit 0\n"],
    ]);
    expect(loaded.draft.repository.path).toBe(join(place.root, "repository"));

    const inline = place.write(
      "missions/n.yaml",
      mission({ files: '{ content: "exit 1", executable: true }' }),
    );
    const written = await loadMissionFile(inline, place.root);
    expect(written.ok ? written.draft.contract[0]?.files : []).toEqual([
      { path: "check.sh", content: new TextEncoder().encode("exit 1"), executable: true },
    ]);
  });
});

test("a file that is missing, or none, is told at its line", async () => {
  await inPlace(async (place) => {
    const missing = place.write("missions/m.yaml", mission({ files: "./gone.sh" }));
    expect(await place.problems(missing)).toEqual([
      `12 contract.0.files.check.sh: there is no file ${join(place.root, "missions/gone.sh")}: paths are relative to the mission file`,
    ]);
    const folder = place.write("missions/n.yaml", mission({ files: "." }));
    expect(await place.problems(folder)).toEqual([expect.stringContaining("is no file: name each file")]);
  });
});

test("two assertions may bring one file if it is the same", async () => {
  await inPlace(async (place) => {
    place.write("missions/a.sh", "one");
    place.write("missions/b.sh", "two");
    const second = (source: string): string =>
      mission({ files: "./a.sh", heldOut: false })
        .replace(
          "tasks:",
          `  - { id: other, behaviour: b, command: [x], files: { check.sh: ${source} } }\ntasks:`,
        )
        .replace("[held] }", "[held, other] }");
    expect(await place.problems(place.write("missions/m.yaml", second("./a.sh")))).toEqual([]);
    expect(await place.problems(place.write("missions/n.yaml", second("./b.sh")))).toEqual([
      expect.stringMatching(/^13 contract\.1\.files\.check\.sh: .*other content/),
    ]);
  });
});

test("what an agent's program brings into its box may hold neither held-out files nor the mission file", async () => {
  await inPlace(async (place) => {
    place.write("held/check.sh", "exit 0");
    place.write("agents/worker.sh", "exit 0");
    chmodSync(join(place.root, "agents/worker.sh"), 0o755);
    const program = "[../agents/worker.sh]";
    const apart = place.write("missions/m.yaml", mission({ files: "../held/check.sh", program }));
    expect(await place.problems(apart)).toEqual([]);

    place.write("agents/check.sh", "exit 1");
    const beside = place.write("missions/n.yaml", mission({ files: "../agents/check.sh", program }));
    expect(await place.problems(beside)).toEqual([
      expect.stringMatching(
        /^12 contract\.0\.files\.check\.sh: agent "worker" could read .*agents\/check\.sh: .*brings .*agents into/,
      ),
    ]);
    expect(
      await place.problems(
        place.write("missions/o.yaml", mission({ files: "../agents/check.sh", program, heldOut: false })),
      ),
    ).toEqual([]);

    const listed = place.write(
      "missions/p.yaml",
      mission({ files: "../held/check.sh", readOnly: "../held" }),
    );
    expect(await place.problems(listed)).toHaveLength(1);
    symlinkSync(join(place.root, "held"), join(place.root, "missions/alias"));
    const linked = place.write(
      "missions/q.yaml",
      mission({ files: "./alias/check.sh", readOnly: "../held" }),
    );
    expect(await place.problems(linked)).toHaveLength(1);

    const itself = place.write(
      "agents/m.yaml",
      mission({ files: "../held/check.sh", program: "[./worker.sh]" }),
    );
    expect(await place.problems(itself)).toEqual([
      expect.stringMatching(/^10 contract\.0\.heldOut: .*m\.yaml/),
    ]);
  });
});

test("what the base tracks is no secret: not by path, not by content, not the mission file", async () => {
  await inPlace(async (place) => {
    place.commit({ "readme.md": "x", "test/known.sh": "exit 7\n", "house.yaml": "old" });
    const problemsWith = async (name: string, files: string): Promise<string[]> =>
      await place.problems(place.write(`missions/${name}.yaml`, mission({ files })));

    place.write("held/own.sh", "exit 0\n");
    expect(await problemsWith("a", "../held/own.sh")).toEqual([]);
    place.write("held/copy.sh", "exit 7\n");
    expect(await problemsWith("b", "../held/copy.sh")).toEqual([
      expect.stringMatching(
        /^12 contract\.0\.files\.check\.sh: agents could read .*copy\.sh: the base has it as test\/known\.sh/,
      ),
    ]);
    // Changed since, but agents know what it was.
    place.write("repository/test/known.sh", "exit 8\n");
    expect(await problemsWith("c", "../repository/test/known.sh")).toEqual([
      expect.stringContaining("the base has it as test/known.sh"),
    ]);
    place.write("repository/untracked.sh", "exit 9\n");
    expect(await problemsWith("d", "../repository/untracked.sh")).toEqual([]);
    const tracked = place.write(
      "repository/house.yaml",
      mission({ files: "../held/own.sh" }).replace("../repository", "."),
    );
    expect(await place.problems(tracked)).toEqual([
      expect.stringMatching(/^10 contract\.0\.heldOut: .*the base has it as house\.yaml/),
    ]);
  });
});

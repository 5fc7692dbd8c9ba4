// What is judged is the tree with the contract's files over it, as often as it takes, and held-out checks stay untold.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { EnvironmentError } from "../ports/environment.ts";
import type { JudgeRequest, Judgement } from "../ports/verifier.ts";
import type { ContractFile } from "../protocol/contract.ts";
import type { MissionSpec } from "../protocol/plan.ts";
import { Lab } from "../testing/lab.ts";
import { handoff, oneTask } from "../testing/specification.ts";
import type { EnginePorts } from "./enginePorts.ts";
import { createMission } from "./submit.ts";

const content = new TextEncoder().encode("it holds");
const sha256 = createHash("sha256").update(content).digest("hex");
const fileAt = (path: string): ContractFile => ({ path, content: { sha256, sizeBytes: content.length } });

/** `build`, with what its one assertion brings. */
function bringing(
  more: Partial<MissionSpec["contract"][number]>,
  policy: Partial<MissionSpec["policy"]> = {},
): MissionSpec {
  const spec = oneTask({}, { policy });
  return { ...spec, contract: spec.contract.map((assertion) => ({ ...assertion, ...more })) };
}

type Shape = (ports: EnginePorts, lab: Lab) => Partial<EnginePorts>;

/** The mission after ten minutes of virtual time. */
async function flown(
  spec: MissionSpec,
  shape: Shape = () => ({}),
  before: (lab: Lab) => void = () => undefined,
): Promise<Lab> {
  const lab = new Lab();
  before(lab);
  const { inline } = await lab.store.blobs.stage(content);
  const body = { type: "mission.create", missionId: missionId, sessionId, spec } as const;
  const command = { id: lab.id(), at: lab.time.now(), by: "human:ada", body };
  await createMission(lab.store.log, command, inline === undefined ? [] : [inline]);
  lab.runner("one", {}, (ports) => ({ ...ports, ...shape(ports, lab) }));
  await lab.passes(600_000);
  return lab;
}
const missionId = "0190a000-0000-7000-8000-00000000aaaa";
const sessionId = "0190a000-0000-7000-8000-00000000bbbb";

/** Answers each request in turn; the last answer stays. */
function verifier(
  ports: EnginePorts,
  requests: JudgeRequest[],
  ...answers: Partial<Judgement>[]
): Pick<EnginePorts, "verifier"> {
  let count = 0;
  return {
    verifier: {
      ...ports.verifier,
      judge: async (request) => {
        requests.push(request);
        const answer = answers[Math.min(count, answers.length - 1)] ?? {};
        count += 1;
        return { value: "passed", reason: "looked", observations: [], ...answer };
      },
    },
  };
}

describe("the contract's files", () => {
  test("lie in the agent's workspace and in the delivered tree", async () => {
    const seen: boolean[] = [];
    const lab = await flown(bringing({ files: [fileAt("a.test")] }), undefined, (one) => {
      one.program = async (request) => {
        seen.push(one.outside.folders.get(request.directory)?.has("file:a.test") ?? false);
        return await one.works(request);
      };
    });
    expect(seen).toEqual([true]);
    expect(await lab.outcome()).toBe("verified");
    expect(lab.outside.treeOf(lab.outside.branches.get("houston/spec") ?? "").has("file:a.test")).toBe(true);
  });

  test("that are held out lie in no agent's workspace, and are judged and delivered all the same", async () => {
    const seen: boolean[] = [];
    const judged: boolean[] = [];
    const lab = await flown(
      bringing({ files: [fileAt("a.test")], heldOut: true }),
      (ports, one) => ({
        verifier: {
          ...ports.verifier,
          judge: async (request) => {
            judged.push(one.outside.folders.get(request.directory)?.has("file:a.test") ?? false);
            return await ports.verifier.judge(request);
          },
        },
      }),
      (one) => {
        one.program = async (request) => {
          seen.push(one.outside.folders.get(request.directory)?.has("file:a.test") ?? false);
          return await one.works(request);
        };
      },
    );
    expect([seen, judged]).toEqual([[false], [true]]);
    expect(lab.outside.treeOf(lab.outside.branches.get("houston/spec") ?? "").has("file:a.test")).toBe(true);
  });
});

describe("a held-out check that found something", () => {
  test("is told to agents without saying how it looked", async () => {
    const briefs: string[] = [];
    const lab = await flown(
      bringing({ heldOut: true }, { maxRounds: 1 }),
      (ports) =>
        verifier(ports, [], {
          value: "failed",
          reason: "test `secret case` failed",
          findings: [{ kind: "testVanished", severity: "blocking", text: "`secret case` is gone" }],
        }),
      (one) => {
        one.program = async (request) => {
          briefs.push(JSON.stringify(request.brief));
          return await one.works(request);
        };
      },
    );
    expect(briefs.length).toBe(2);
    expect(briefs.join()).not.toContain("secret");
    expect(briefs[1]).toContain("its held-out check is failed");
    const [finding] = await lab.all("finding.recorded");
    expect(JSON.stringify(finding)).not.toContain("secret");
    // People may read all of it.
    expect(JSON.stringify(await lab.all("verdict.given"))).toContain("secret case");
  });
});

describe("preflight", () => {
  const policy = { preflightRuns: 2 };

  test("runs every check as often as the policy says, each in a folder of its own, and remembers what passed", async () => {
    const requests: JudgeRequest[] = [];
    const lab = await flown(bringing({ onBase: "passes" }, policy), (ports) =>
      verifier(ports, requests, { passed: ["one", "two"] }),
    );
    expect(new Set(requests.map(({ directory }) => directory)).size).toBe(3);
    const [settled] = (await lab.all("call.settled")).filter(
      ({ outcome }) => outcome.status === "succeeded" && outcome.result.kind === "preflight",
    );
    expect(JSON.stringify(settled)).toContain('"value":"passed"');
    // The verification knows which tests may not vanish; preflight itself compares with nothing.
    expect(requests.map(({ baseline }) => baseline)).toEqual([undefined, undefined, ["one", "two"]]);
    expect(await lab.outcome()).toBe("verified");
  });

  test("tests that the plan allows to change are asked for no more", async () => {
    const requests: JudgeRequest[] = [];
    await flown(bringing({ onBase: "passes" }, { ...policy, mayChangeTests: ["test/**"] }), (ports) => {
      const judging = verifier(ports, requests, { passed: ["one", "two"] }).verifier;
      return { verifier: { ...judging, mayVanish: async () => ["one"] } };
    });
    expect(requests.at(-1)?.baseline).toEqual(["two"]);
  });

  test("sees a check that does not agree with itself; the verdict then takes three runs", async () => {
    const requests: JudgeRequest[] = [];
    const lab = await flown(bringing({}, policy), (ports) =>
      verifier(ports, requests, { value: "failed" }, {}),
    );
    expect((await lab.all("finding.recorded"))[0]?.finding.kind).toBe("flaky");
    expect(requests).toHaveLength(5);
    expect(await lab.outcome()).toBe("verified");
  });

  test("a flaky check that does not agree with itself again is inconclusive, never passed", async () => {
    const answers = [{ value: "failed" as const }, {}, {}, { value: "failed" as const }, {}];
    const lab = await flown(bringing({}, policy), (ports) => verifier(ports, [], ...answers));
    expect((await lab.all("verdict.given"))[0]?.verdict).toMatchObject({
      value: "inconclusive",
      reason: "runs do not agree: passed, failed, passed",
    });
  });

  test("stops where the dependencies of the base cannot be set up, and says how", async () => {
    const output = new TextEncoder().encode("npm error 404");
    const environments = {
      seal: () => Promise.reject(new EnvironmentError("setup", "`npm ci` ended with 1", output)),
    };
    const setup = [
      { command: ["npm", "ci"], outputs: ["node_modules"], lockfiles: [], network: false, timeoutMs: 1_000 },
    ];
    const lab = await flown({ ...bringing({}, policy), setup }, () => ({ environments }));
    expect((await lab.all("approval.requested"))[0]?.approval.reason).toContain("npm error 404");
    expect(await lab.all("attempt.started")).toEqual([]);
  });
});

const setup = [
  { command: ["npm", "ci"], outputs: ["node_modules"], lockfiles: [], network: false, timeoutMs: 1_000 },
];
const mounts = [{ source: "/sealed/node_modules", path: "node_modules" }];
const environment = { key: "k", built: false, durationMs: 0 };
const sealed = { environment, mounts, output: new Uint8Array() };

describe("an environment", () => {
  test("is shown to agents and checks, and is no part of what is captured", async () => {
    const requests: JudgeRequest[] = [];
    const excepted: (string[] | undefined)[] = [];
    const shown: unknown[] = [];
    await flown(
      { ...bringing({}), setup },
      (ports) => ({
        ...verifier(ports, requests),
        environments: { seal: async () => sealed },
        workspaces: {
          ...ports.workspaces,
          capture: async (request) => {
            excepted.push(request.except);
            return await ports.workspaces.capture(request);
          },
        },
      }),
      (one) => {
        one.program = async (request) => {
          shown.push(request.mounts);
          return await one.works(request);
        };
      },
    );
    expect(shown).toEqual([mounts]);
    expect(requests.map((request) => request.mounts)).toEqual([mounts]);
    expect(new Set(excepted.flat())).toEqual(new Set(["node_modules"]));
  });
});

describe("an environment that is installed", () => {
  test("is built where nothing is held out", async () => {
    const seen: boolean[] = [];
    const spec = { ...bringing({ files: [fileAt("a.test")], heldOut: true }, { preflightRuns: 1 }), setup };
    await flown(spec, (_ports, lab) => ({
      environments: {
        seal: async (request) => {
          for (const folder of [request.directory, (await request.fresh()).directory])
            seen.push(lab.outside.folders.get(folder)?.has("file:a.test") ?? false);
          return sealed;
        },
      },
    }));
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen)).toEqual(new Set([false]));
  });

  test("that does not install again is that of the start, so that a fix task can mend it", async () => {
    let spoiled = false;
    const started: unknown[] = [];
    const lab = await flown(
      { ...bringing({}, { maxRounds: 1 }), setup },
      (_ports, one) => ({
        environments: {
          seal: async ({ directory }) => {
            if (one.outside.folders.get(directory)?.has("lockfile:broken") === true)
              throw new EnvironmentError("setup", "the lockfile is not in sync");
            return sealed;
          },
        },
      }),
      (one) => {
        one.program = async (request) => {
          started.push(request.mounts);
          const folder = one.outside.folders.get(request.directory);
          if (spoiled) folder?.delete("lockfile:broken");
          else folder?.add("lockfile:broken");
          spoiled = true;
          return await one.works(request);
        };
      },
    );
    expect(started).toEqual([mounts, mounts]);
    expect(await lab.outcome()).toBe("verified");
  });

  test("that a tree's own lockfile spoils is a failed verdict of that tree", async () => {
    let seals = 0;
    const seal = async () => {
      seals += 1;
      if (seals === 1) return sealed;
      throw new EnvironmentError("setup", "`npm ci` ended with 1");
    };
    const lab = await flown({ ...bringing({}, { maxRounds: 0 }), setup }, () => ({ environments: { seal } }));
    expect((await lab.all("verdict.given"))[0]?.verdict).toMatchObject({
      value: "failed",
      reason: "`npm ci` ended with 1",
    });
  });
});

describe("a change that cannot be read", () => {
  test.each([
    ["of source blocks", "src/price.js", "failed"],
    ["of data is on record", "data/prices.csv", "passed"],
  ])("%s", async (_what, path, value) => {
    const lab = await flown(
      bringing({}, { maxRounds: 0 }),
      (ports) => ({
        workspaces: { ...ports.workspaces, readFiles: async () => new Map<string, Uint8Array>() },
        ...verifier(ports, []),
      }),
      (one) => {
        one.program = async (request) => {
          one.outside.folders.get(request.directory)?.add(path);
          return { status: "handedOff", handoff: handoff(), usage: {} };
        };
      },
    );
    expect((await lab.all("finding.recorded"))[0]?.finding).toMatchObject({
      kind: "unreviewed",
      place: path,
    });
    expect((await lab.all("verdict.given"))[0]?.verdict.value).toBe(value);
  });
});

describe("broken on purpose", () => {
  const mutant = { path: "a.js", content: new Uint8Array(), text: "a.js:1: < became <=" };
  const sampled = (broken: Partial<Judgement>): Promise<Lab> =>
    flown(bringing({}, { mutationSamples: 1 }), (ports) => {
      const judging = verifier(ports, [], {}, broken).verifier;
      return { verifier: { ...judging, mutants: async () => [mutant] } };
    });

  test("a changed line that no check notices is a finding, and blocks nothing", async () => {
    const lab = await sampled({ value: "passed" });
    expect((await lab.all("finding.recorded"))[0]?.finding).toMatchObject({
      kind: "mutationSurvived",
      severity: "nonBlocking",
      place: "a.js",
    });
    expect(await lab.outcome()).toBe("verified");
  });

  test("one that a check notices is none", async () => {
    expect(await (await sampled({ value: "failed" })).all("finding.recorded")).toEqual([]);
  });
});

describe("artifacts", () => {
  test("are kept with a checksum, and what is no file is left out", async () => {
    const lab = await flown(bringing({}), undefined, (one) => {
      one.program = async (request) => {
        const report = await one.works(request);
        const artifacts = [
          { name: "proof", path: "fixed:build-ok" },
          { name: "ghost", path: "nowhere" },
        ];
        return report.status === "handedOff" ? { ...report, handoff: { ...handoff(), artifacts } } : report;
      };
    });
    const recorded = await lab.all("artifact.recorded");
    expect(recorded.map(({ artifactId, name }) => [artifactId, name])).toEqual([["r1", "proof"]]);
    const bytes = recorded[0] === undefined ? undefined : await lab.store.blobs.get(recorded[0].content);
    expect(new TextDecoder().decode(bytes)).toBe("fixed:build-ok");
  });
});

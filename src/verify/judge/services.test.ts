// Checks with services beside them, and requests to services, in real boxes.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../app/systemClock.ts";
import type { Check } from "../../protocol/contract.ts";
import type { ServiceSpec } from "../../protocol/environment.ts";
import { createBubblewrap } from "../../sandbox/bubblewrap.ts";
import { makeTree, type TreeFixture } from "./fixture.ts";

const box = createBubblewrap({ graceMs: 300 });
let tree: TreeFixture;

beforeEach(async () => {
  tree = await makeTree(box, systemClock);
});
afterEach(async () => {
  await tree.remove();
});

const server = `import { createServer } from "node:http";
createServer((request, response) => {
  if (request.url === "/broken") response.statusCode = 500;
  request.pipe(response, { end: false });
  request.on("end", () => response.end(" from " + request.url + " " + (request.headers["x-who"] ?? "nobody")));
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

const service = (more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  command: ["node", "server.mjs"],
  portVariable: "PORT",
  readyPath: "/",
  timeoutMs: 10_000,
  ...more,
});

const http = (more: Partial<Extract<Check, { kind: "http" }>> = {}): Check => ({
  kind: "http",
  service: "web",
  method: "GET",
  path: "/hello",
  status: 200,
  timeoutMs: 5_000,
  ...more,
});

const asking = `const answer = await fetch("http://127.0.0.1:" + process.env.PORT + "/x");
console.log(await answer.text());
console.error("said aside");
process.exitCode = Number(process.argv[2] ?? 0);
`;

const command = (more: Partial<Extract<Check, { kind: "command" }>> = {}): Check => ({
  kind: "command",
  command: ["node", "ask.mjs"],
  exitCode: 0,
  services: ["web"],
  timeoutMs: 10_000,
  ...more,
});

const outputOf = (judgement: { observations: { output: Uint8Array }[] }): string =>
  Buffer.from(judgement.observations[0]?.output ?? []).toString();

describe("a command with a service", () => {
  test("finds it at its port; its outputs and its exit code are its own", async () => {
    await tree.write({ "server.mjs": server, "ask.mjs": asking });
    const judgement = await tree.judge(command({ outputContains: "from /x" }), {
      services: { web: service() },
    });
    expect(judgement).toMatchObject({
      value: "passed",
      observations: [{ command: ["node", "ask.mjs"], exitCode: 0 }],
    });
    expect(outputOf(judgement)).toContain("said aside");
    const failed = await tree.judge(command({ command: ["node", "ask.mjs", "7"] }), {
      services: { web: service() },
    });
    expect(failed).toMatchObject({ value: "failed", reason: "ended with 7, expected 0" });
  });

  test("runs only once all of them are ready", async () => {
    await tree.write({
      "server.mjs": server,
      "slow.mjs": `import { setTimeout } from "node:timers/promises"; await setTimeout(300); process.env.PORT = process.env.SLOW; await import("./server.mjs");`,
      "ask.mjs": `await fetch("http://127.0.0.1:" + process.env.SLOW); await fetch("http://127.0.0.1:" + process.env.PORT);`,
    });
    const slow = service({ command: ["node", "slow.mjs"], portVariable: "SLOW" });
    const { readyPath: _unused, ...connected } = slow;
    for (const second of [slow, connected]) {
      const check = command({ services: ["web", "slow"] });
      expect(await tree.judge(check, { services: { web: service(), slow: second } })).toMatchObject({
        value: "passed",
      });
    }
  });

  test("is killed when it takes too long, whatever the service does", async () => {
    await tree.write({ "server.mjs": server, "ask.mjs": "setInterval(() => {}, 1000)" });
    const judgement = await tree.judge(command({ timeoutMs: 300 }), { services: { web: service() } });
    expect(judgement).toMatchObject({ value: "inconclusive", reason: "timed out after 300 ms" });
  });

  test("is an error when the mission has no such service, failed when its folder is missing", async () => {
    await tree.write({ "ask.mjs": asking });
    expect(await tree.judge(command())).toMatchObject({
      value: "error",
      reason: 'the mission has no service "web"',
    });
    const elsewhere = { services: { web: service({ cwd: "gone" }) } };
    expect(await tree.judge(command(), elsewhere)).toMatchObject({ value: "failed" });
  });
});

describe("a service that does not start", () => {
  test.each([
    ["ends", "console.log('no database'); process.exit(3)", "ended with 3 before it was ready"],
    ["never listens", "console.log('no database'); setInterval(() => {}, 1000)", "was not ready on port"],
    ["is not there", undefined, "before it was ready"],
  ])("because it %s, is a finding with its output", async (_how, program, reason) => {
    await tree.write({ "ask.mjs": asking, ...(program === undefined ? {} : { "server.mjs": program }) });
    const judgement = await tree.judge(command(), { services: { web: service({ timeoutMs: 1_500 }) } });
    expect(judgement).toMatchObject({
      value: "failed",
      findings: [{ kind: "entryPoint", severity: "blocking" }],
    });
    expect(judgement.reason).toContain(reason);
    if (program !== undefined) expect(outputOf(judgement)).toContain("no database");
  });

  test("answers its readiness path with 500 only", async () => {
    await tree.write({ "server.mjs": server, "ask.mjs": asking });
    const broken = service({ readyPath: "/broken", timeoutMs: 1_000 });
    expect(await tree.judge(http(), { services: { web: broken } })).toMatchObject({
      value: "failed",
      findings: [{ kind: "entryPoint" }],
    });
  });
});

describe("a request", () => {
  test("passes by status and body, with what was answered as evidence", async () => {
    await tree.write({ "server.mjs": server });
    const services = { web: service() };
    const post = http({
      method: "POST",
      body: "words",
      headers: { "x-who": "me" },
      contains: ["words from /hello me"],
    });
    const judgement = await tree.judge(post, { services });
    expect(judgement).toMatchObject({
      value: "passed",
      observations: [{ command: ["POST", "web:/hello"], exitCode: null }],
    });
    expect(outputOf(judgement)).toContain("words from /hello me");
  });

  test("fails by another status, a body without the words, or no answer", async () => {
    await tree.write({
      "server.mjs": server,
      "mute.mjs": server.replace(
        "createServer((",
        "createServer((request) => request.url === '/mute' ? request.destroy() : 0).on('request', (",
      ),
    });
    const services = { web: service() };
    expect(await tree.judge(http({ status: 404 }), { services })).toMatchObject({
      value: "failed",
      reason: "/hello: answered 200, expected 404",
    });
    expect(await tree.judge(http({ contains: ["bye"] }), { services })).toMatchObject({
      value: "failed",
      reason: '/hello: the body does not contain "bye"',
    });
    const mute = { web: service({ command: ["node", "mute.mjs"] }) };
    expect(await tree.judge(http({ path: "/mute" }), { services: mute })).toMatchObject({ value: "failed" });
  });
});

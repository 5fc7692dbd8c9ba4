/** Whatever agents, tests and commits are called and print: in a report it is text, and it is all there. */
import { expect, test } from "vitest";
import type { MissionReport } from "./reportEntries.ts";
import { withExcerpts } from "./reportExcerpts.ts";
import { reportHtml } from "./reportHtml.ts";
import { reportMarkdown } from "./reportMarkdown.ts";

const snapshot = { commit: "c".repeat(40), tree: "t".repeat(40) };
const content = { sha256: "a".repeat(64), sizeBytes: 9 };

function assertionWith(text: string): MissionReport["assertions"][number] {
  const command = ["sh", text];
  const outcome = { passed: [text], failed: [text], exitCode: 1, durationMs: 1_234 };
  const evidence = [{ command, ...outcome, output: content, excerpt: text }];
  const about = { by: "verifier", at: 0, tree: "t", judged: snapshot, contractVersion: 1 };
  const report = { format: "tap", from: "stdout" } as const;
  return {
    id: "totals",
    behaviour: text,
    check: { kind: "tests", command, report, expect: [text], timeoutMs: 1 },
    onBase: "fails",
    heldOut: true,
    files: [{ path: text, content }],
    taskId: "fix~1",
    claimedBefore: [{ taskId: "fix", reason: text }],
    baseline: { value: "failed", reason: text, flaky: true, evidence },
    verdict: { ...about, value: "passed", reason: text, evidence, onDelivered: true },
    earlier: [{ ...about, value: "failed", reason: text, evidence }],
  };
}

function taskWith(text: string): MissionReport["tasks"][number] {
  const attempt = { id: "fix~1.1", number: 1, agentId: "a", startedAt: 0, from: snapshot, snapshot };
  return {
    id: "fix~1",
    goal: text,
    status: "done",
    reason: text,
    supersedes: "fix",
    snapshot,
    attempts: [{ ...attempt, outcome: "handedOff", summary: text, leftUndone: [text] }],
  };
}

function lintWith(text: string): MissionReport["checks"][number] {
  const { verdict, ...rest } = assertionWith(text);
  if (verdict === undefined) throw new Error("no verdict");
  return { ...rest, id: "lint", verdict: { ...verdict, value: "failed", onDelivered: false, stale: text } };
}

function findingsWith(text: string): MissionReport["findings"] {
  const open = { at: 0, text, by: text, severity: "blocking", status: "open" } as const;
  return [
    { ...open, id: "f1", kind: "stub", place: text, taskId: "fix" },
    { ...open, id: "f2", kind: "issue", status: "dismissed", reason: text, decidedBy: text },
  ];
}

/** A report with something in every place, in which every text that others write is `text`. */
function reportOf(text: string): MissionReport {
  const fact = { id: "k1", type: "fact", subject: text, content: text, source: text, recordedAt: 0 } as const;
  const resolution = { status: "granted", by: text, note: text } as const;
  return {
    missionId: "m1",
    goal: text,
    outcome: { outcome: "verified", reason: text },
    repository: { path: text, base: text, commit: snapshot.commit },
    branch: text,
    base: snapshot,
    head: snapshot,
    delivered: snapshot,
    assertions: [assertionWith(text)],
    checks: [lintWith(text)],
    stages: [{ id: "one", goal: text, sealed: { at: 0, snapshot } }, { id: "two" }],
    tasks: [taskWith(text)],
    preflight: { at: 0, runs: 2, environment: { key: "e", built: false, durationMs: 1 } },
    setup: [{ command: ["npm", text], cwd: text, network: true }],
    allowed: [text],
    findings: findingsWith(text),
    facts: [{ ...fact, expired: true, conflictsWith: ["k2"] }],
    artifacts: [{ id: "r1", name: text, path: text, content, taskId: "fix", attemptId: "fix.1" }],
    unverified: [text],
    runs: [{ runId: "r", runnerId: "r", epoch: 1, startedAt: 0, eventsBefore: 0 }],
    rollbacks: [],
    recoveries: [{ callId: "c1", epoch: 1, action: "redo", attemptId: "fix.1", from: snapshot }],
    approvals: [{ id: "a1", kind: "finding", action: text, reason: text, resolution }],
    spent: { calls: 1, tokens: 2, timeMs: 3, costMicroUsd: 4 },
    limits: {},
    createdAt: 0,
    endedAt: 61_000,
    events: 9,
  };
}

const changesOf = (path: string) => [{ path, added: 1, removed: 2 }];

const tags = (page: string): string[] => page.match(/<[^>]*>/g) ?? [];

/** Names of tags that are open at the end, or closed without having been opened. */
function unclosed(page: string): string[] {
  const open: string[] = [];
  for (const tag of tags(page)) {
    const [, end = "", name = ""] = /^<(\/?)([a-z0-9]+)/.exec(tag) ?? [];
    if (name === "" || ["meta", "br"].includes(name)) continue;
    if (end === "") open.push(name);
    else if (open.pop() !== name) return [...open, `/${name}`];
  }
  return open;
}

const attacks = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  "</title></style></pre><svg onload=alert(1)>",
  "<!--",
  "]]><iframe srcdoc='x'>",
];

test.each(attacks)("in HTML %s adds no tag, no attribute and no way out of one", (attack) => {
  const harmless = reportHtml(reportOf("plain"), changesOf("plain"));
  const page = reportHtml(reportOf(attack), changesOf(attack));
  expect(tags(page)).toEqual(tags(harmless));
  expect(page).not.toContain(attack);
  // Text between two tags holds no bare bracket.
  for (const between of page.split(/<[^>]*>/)) expect(between).not.toMatch(/[<>]/);
});

test("the page needs nothing else: no script, no address to load, and a policy that forbids both", () => {
  const page = reportHtml(reportOf("plain"), changesOf("plain"));
  expect(page).toMatch(/Content-Security-Policy" content="default-src &#39;none&#39;; style-src/);
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/i);
  expect(
    [...page.matchAll(/(?:href|src)="([^"]*)"/g)].every(([, target]) => target?.startsWith("#") === true),
  ).toBe(true);
  expect(unclosed(page)).toEqual([]);
});

test.each(attacks)("in Markdown %s is text outside of code", (attack) => {
  const page = reportMarkdown(reportOf(attack), changesOf(attack));
  const prose = page
    .replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "")
    .replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
  expect(prose).not.toMatch(/(?<!\\)</);
  expect(prose).not.toMatch(/(?<!\\)\[(?!x\])/);
});

test("output cannot close the fence it stands in", () => {
  const page = reportMarkdown(reportOf("```\n# mine\n````\n<b>"), []);
  const [, fence = ""] = /^(`{3,})text$/m.exec(page) ?? [];
  expect(fence.length).toBeGreaterThan(4);
});

test("what moves the cursor, hides or turns the reading direction becomes visible", () => {
  const hidden = "a\u001b]0;x\u0007b\u202ec\u200bd";
  for (const page of [reportHtml(reportOf(hidden), []), reportMarkdown(reportOf(hidden), [])]) {
    for (const unsafe of ["\u001b", "\u0007", "\u202e", "\u200b"]) expect(page).not.toContain(unsafe);
    expect(page).toContain("u{202e}");
  }
});

test.each([
  ["HTML", reportHtml],
  ["Markdown", reportMarkdown],
])("the whole trace is in the %s form", (_form, render) => {
  const page = render(reportOf("words"), changesOf("words"));
  for (const part of [
    "totals",
    "fix~1".replace("~", _form === "HTML" ? "~" : String.raw`\~`),
    "cccccccccccc",
    "exit 1",
    "1.2 s",
    "sha256:aaaaaaaaaaaa",
    "contract version 1",
    "on exactly the delivered tree",
    "stale",
    "held out",
    "flaky",
    "contradicted by k2",
    "found sealed",
    "not sealed",
    "granted by words",
    "left undone",
  ])
    expect(page.toLowerCase()).toContain(part.toLowerCase());
});

test("an excerpt is the beginning and the end of an output; what the store lost is said", async () => {
  const report = reportOf("words");
  const long = `begins${"x".repeat(20_000)}ends`;
  await withExcerpts(report, async () => await Promise.resolve(new TextEncoder().encode(long)));
  const excerpt = report.assertions[0]?.verdict?.evidence[0]?.excerpt ?? "";
  expect(excerpt).toMatch(/^beginsx+\n… 14010 characters left out …\nx+ends$/);
  await withExcerpts(report, async () => await Promise.resolve(undefined));
  expect(report.assertions[0]?.verdict?.evidence[0]?.excerpt).toContain("no longer has");
});

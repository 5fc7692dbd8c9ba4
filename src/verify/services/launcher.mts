/**
 * Runs inside the box: starts the services of a check, each on a free port, waits until they are ready, then runs
 * the check with its outputs and its exit code as they are, or makes the check's request; ends the services.
 * A program of its own (not imported by anything), with nothing but Node around it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import { constants } from "node:os";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Errand, ErrandRequest, ErrandService, Word } from "./errand.ts";

const maxServiceOutputBytes = 64 * 1024;
const maxBodyBytes = 4 * 1024 * 1024;
const pollMs = 25;
const graceMs = 500;

interface Running {
  service: ErrandService;
  port: number;
  child: ChildProcess;
  output: string;
  /** How it ended, once it has. */
  ended?: string;
}

const errand = JSON.parse(await text(process.stdin)) as Errand;
const running: Running[] = [];

function say(word: Word): void {
  appendFileSync(errand.pipe, `${JSON.stringify({ ...word, token: errand.token })}\n`);
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** All services know the ports of all. */
async function startServices(): Promise<NodeJS.ProcessEnv> {
  const ports = await Promise.all(errand.services.map(async () => await freePort()));
  const env = { ...process.env };
  for (const [index, service] of errand.services.entries()) env[service.portVariable] = String(ports[index]);
  for (const [index, service] of errand.services.entries()) {
    const [program = "", ...args] = service.argv;
    const child = spawn(program, args, {
      cwd: service.cwd,
      env: { ...env, [service.portVariable]: String(ports[index]) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const started: Running = { service, port: ports[index] ?? 0, child, output: "" };
    const keep = (chunk: Buffer): void => {
      started.output = (started.output + chunk.toString()).slice(-maxServiceOutputBytes);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => {
      started.ended = `could not be started: ${error.message}`;
    });
    child.once("close", (code, signal) => {
      started.ended ??= code === null ? `was ended by ${String(signal)}` : `ended with ${String(code)}`;
    });
    running.push(started);
  }
  return env;
}

/** Undefined once it is ready, or why it is not. */
async function untilReady(started: Running): Promise<string | undefined> {
  const { timeoutMs, readyPath } = started.service;
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (started.ended !== undefined) return `it ${started.ended} before it was ready`;
    if (await isReady(started.port, readyPath, deadline - performance.now())) return undefined;
    await pause(pollMs);
  }
  const what = readyPath === undefined ? "nothing listens there" : `${readyPath} does not answer`;
  return `it was not ready on port ${String(started.port)} after ${String(timeoutMs)} ms: ${what}`;
}

const hosts = ["127.0.0.1", "::1"];

async function isReady(port: number, readyPath: string | undefined, withinMs: number): Promise<boolean> {
  for (const host of hosts) {
    if (!(await isListening(host, port))) continue;
    if (readyPath === undefined) return true;
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(withinMs)));
    const answer = await ask(host, port, { method: "GET", path: readyPath, headers: {} }, signal).catch(
      () => undefined,
    );
    if (answer !== undefined && answer.status < 500) return true;
  }
  return false;
}

async function isListening(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function ask(
  host: string,
  port: number,
  wanted: Pick<ErrandRequest, "method" | "path" | "headers" | "body">,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  const { method, path, headers, body } = wanted;
  return await new Promise((resolve, reject) => {
    const sent = httpRequest({ host, port, method, path, headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      response.on("data", (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes <= maxBodyBytes) chunks.push(chunk);
      });
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

async function makeRequest(wanted: ErrandRequest): Promise<number> {
  const port = running.find(({ service }) => service.id === wanted.service)?.port ?? 0;
  const host = (await isListening("127.0.0.1", port)) ? "127.0.0.1" : "::1";
  process.stdout.write(`${wanted.method} ${wanted.path}\n`);
  try {
    const { status, body } = await ask(host, port, wanted, AbortSignal.timeout(errand.timeoutMs));
    process.stdout.write(`${String(status)}\n\n${body}\n`);
    say({ kind: "answered", status, missing: wanted.contains.filter((part) => !body.includes(part)) });
  } catch (error) {
    if (error instanceof Error && /^(?:Abort|Timeout)Error$/.test(error.name)) say({ kind: "timedOut" });
    else say({ kind: "noAnswer", reason: error instanceof Error ? error.message : String(error) });
  }
  return 0;
}

/** Resolves with what a shell would call its end: the code, or 128 and the number of the signal. */
async function runCheck(argv: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "inherit", "inherit"], detached: true });
  return await new Promise((resolve) => {
    const late = setTimeout(() => {
      say({ kind: "timedOut" });
      endGroup(child, "SIGKILL");
    }, errand.timeoutMs);
    child.once("error", (error) => {
      clearTimeout(late);
      process.stderr.write(`${error.message}\n`);
      resolve("code" in error && error.code === "EACCES" ? 126 : 127);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(late);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

async function endServices(): Promise<void> {
  for (const { child } of running) endGroup(child, "SIGTERM");
  const deadline = performance.now() + graceMs;
  while (running.some(({ ended }) => ended === undefined) && performance.now() < deadline)
    await pause(pollMs);
  for (const { child } of running) endGroup(child, "SIGKILL");
}

async function main(): Promise<number> {
  const env = await startServices();
  for (const started of running) {
    const problem = await untilReady(started);
    if (problem === undefined) continue;
    say({ kind: "notReady", service: started.service.id, reason: problem });
    process.stdout.write(`${started.service.id}: ${problem}\n${started.output}`);
    return 1;
  }
  if ("request" in errand.check) return await makeRequest(errand.check.request);
  const { program, env: more } = errand.check;
  return await runCheck(program.argv, program.cwd, { ...env, ...more });
}

const code = await main();
await endServices();
process.exitCode = code;
// What services left open must not keep us.
process.stdout.write("", () => process.exit(code));

/** The other end of `langgraph.mjs`: installs what it needs, starts it, asks it for steps. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = import.meta.dirname;
const installTimeoutMs = 120_000;

/** Why it cannot be installed; undefined when it is. */
export function installPeers(): string | undefined {
  const lock = join(folder, "node_modules/.package-lock.json");
  if (existsSync(lock)) return undefined;
  // Installed for the Node that will run it.
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  const { status, error, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: folder,
    env: { ...process.env, PATH: path },
    timeout: installTimeoutMs,
    encoding: "utf8",
  });
  if (status === 0) return undefined;
  const said =
    error?.message ?? stderr.split("\n").find((line) => line.includes("error")) ?? `exit ${status}`;
  return `LangGraph.js is not installed (npm ci in bench/peers: ${said.trim()})`;
}

export interface LangGraph {
  /** Milliseconds for so many steps of a new thread. */
  take(steps: number): Promise<number>;
  close(): Promise<void>;
}

export async function startLangGraph(databaseFile: string): Promise<LangGraph> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("./langgraph.mjs", import.meta.url)), databaseFile],
    {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, LANGSMITH_TRACING: "false" },
    },
  );
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error("the LangGraph.js peer died");
    return line.value;
  };
  await next();
  return {
    take: async (steps) => {
      child.stdin.write(`${steps}\n`);
      return Number(await next());
    },
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

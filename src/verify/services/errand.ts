/** What the launcher is told on its standard input, and how it is started. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** A service of the check, or the check itself. */
export interface ErrandProgram {
  argv: string[];
  cwd: string;
}

export interface ErrandService extends ErrandProgram {
  id: string;
  portVariable: string;
  readyPath?: string;
  timeoutMs: number;
}

/** A request to one of the services, made from inside the box: its network is reachable from nowhere else. */
export interface ErrandRequest {
  service: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
  contains: string[];
}

export interface Errand {
  services: ErrandService[];
  check: { program: ErrandProgram; env: Record<string, string> } | { request: ErrandRequest };
  /** For the check alone; each service has its own time to become ready. */
  timeoutMs: number;
  /** Where to say how it went, and the word that proves who says it. */
  pipe: string;
  token: string;
}

/** What the launcher says; each with the token. */
export type Word =
  | { kind: "notReady"; service: string; reason: string }
  | { kind: "timedOut" }
  | { kind: "answered"; status: number; missing: string[] }
  | { kind: "noAnswer"; reason: string };

const file = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "launcher.mts" : "launcher.mjs", import.meta.url),
);

/** Started with the Node of ours, which is in every box. */
export const launcherArgv = [process.execPath, "--disable-warning=ExperimentalWarning", file];

/** What the box must show for the launcher. */
export const launcherFolder = dirname(file);

/** The longest an errand may take, with some time to end what it started. */
export const errandTimeMs = (errand: Errand): number =>
  errand.services.reduce((sum, { timeoutMs }) => sum + timeoutMs, errand.timeoutMs) + 5_000;

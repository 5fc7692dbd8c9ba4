/** The contract: assertions agreed before any work, how each is checked, and the files that checking needs (FM10). */
import type { BlobRef } from "./blob.ts";
import type { AssertionId, ServiceId } from "./ids.ts";

/** What a test program prints that a machine can read. `jest` is also what Vitest's JSON reporter writes. */
export const reportFormats = ["tap", "junit", "jest", "mocha"] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** A program that is run in the box, in a fresh workspace. */
interface Program {
  command: string[];
  /** A folder of the tree. */
  cwd?: string;
  /** Started in the same box before the program, ready when it starts, ended after it. */
  services?: ServiceId[];
  timeoutMs: number;
}

/** How an assertion is checked. */
export type Check =
  | (Program & { kind: "command"; exitCode: number; outputContains?: string })
  | (Program & {
      kind: "tests";
      /** Where the machine-readable report comes from. */
      report: { format: ReportFormat; from: "stdout" | { file: string } };
      /** Names of tests that must be reported as passed; an exit code alone never suffices. */
      expect: string[];
    })
  | {
      kind: "file";
      path: string;
      exists: boolean;
      contains?: string[];
      /** Regular expressions, flag `u`; each must match somewhere. */
      matches?: string[];
      timeoutMs: number;
    }
  | {
      kind: "http";
      service: ServiceId;
      method: string;
      /** From the root of the service, with its query. */
      path: string;
      headers?: Record<string, string>;
      body?: string;
      status: number;
      contains?: string[];
      timeoutMs: number;
    };

/** A file that the contract brings: laid over the tree wherever a check runs, whatever stood there, and delivered. */
export interface ContractFile {
  /** In the tree. */
  path: string;
  content: BlobRef;
  executable?: boolean;
}

/** One promise of the contract (FM10). */
export interface Assertion {
  id: AssertionId;
  behaviour: string;
  check: Check;
  /** What the check is expected to say on the base; preflight asks a human when it says otherwise. */
  onBase: "fails" | "passes" | "any";
  /** No agent sees how it is checked: neither its files nor its command nor what it printed. */
  heldOut?: boolean;
  files?: ContractFile[];
}

/** Assertions of the cases' contracts, in few words. */
import type { Check } from "../../../src/protocol/contract.ts";
import type { Base } from "../case.ts";

type Promised = Base["contract"][number];
export type BroughtFile = NonNullable<Promised["files"]>[number];

/** Enough for a busy machine; checks that are made to hang bring their own. */
export const checkTimeoutMs = 60_000;

/** Stands in every held-out file and nowhere else: wherever it turns up, a held-out check leaked. */
export const heldOutMarker = "HELD-OUT-5e1f0c2a";
export const heldOutPattern = "HELD-OUT-[0-9a-f]{8}";

export const brought = (path: string, text: string): BroughtFile => ({ path, content: Buffer.from(text) });

export function suite(
  id: string,
  command: string[],
  expect: string[],
  report: Extract<Check, { kind: "tests" }>["report"] = { format: "tap", from: "stdout" },
): Promised {
  const check = { kind: "tests", command, report, expect, timeoutMs: checkTimeoutMs } as const;
  return { id, behaviour: expect.join(", "), check, onBase: "fails" };
}

export function command(id: string, argv: string[], outputContains?: string): Promised {
  const check = { kind: "command", command: argv, exitCode: 0, timeoutMs: checkTimeoutMs } as const;
  return {
    id,
    behaviour: `${argv.join(" ")} works`,
    check: outputContains === undefined ? check : { ...check, outputContains },
    onBase: "fails",
  };
}

export const bringing = (promised: Promised, ...files: BroughtFile[]): Promised => ({ ...promised, files });
export const heldOut = (promised: Promised, ...files: BroughtFile[]): Promised => ({
  ...promised,
  heldOut: true,
  ...(files.length === 0 ? {} : { files }),
});

export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** The store in memory keeps every promise of a store. */
import { createHash } from "node:crypto";
import { describe, test } from "vitest";
import { storeContract } from "../testing/storeContract.ts";
import { createMemoryStore } from "./memory.ts";

const digest = { sha256: (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex") };

describe("memory store", () => {
  test.each(storeContract())("$name", ({ run }) => run(async () => createMemoryStore({ digest })));
});

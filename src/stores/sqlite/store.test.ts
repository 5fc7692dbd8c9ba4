/** The SQLite store keeps every promise of a store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, test } from "vitest";
import { storeContract } from "../../testing/storeContract.ts";
import { openSqliteStore } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "houston-sqlite-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let number = 0;
const clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  wait: (at: number, signal: AbortSignal) =>
    setTimeout(Math.max(0, at - Date.now()), undefined, { signal }).catch(() => {}),
};

describe("SQLite store", () => {
  test.each(storeContract())("$name", ({ run }) =>
    run(() => openSqliteStore({ directory: join(root, String((number += 1))), clock })),
  );
});

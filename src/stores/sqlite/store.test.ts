/** The SQLite store keeps every promise of a store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import { storeContract } from "../../testing/storeContract.ts";
import { openSqliteStore } from "./store.ts";
import { systemClock as clock } from "../../app/systemClock.ts";

const root = mkdtempSync(join(tmpdir(), "houston-sqlite-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let number = 0;

describe("SQLite store", () => {
  test.each(storeContract())("$name", ({ run }) =>
    run(() => openSqliteStore({ directory: join(root, String((number += 1))), clock })),
  );
});

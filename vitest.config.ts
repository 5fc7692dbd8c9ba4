// How tests run: processes of their own, because many of them kill children, open databases and change folders.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/agents/**/*.test.ts"],
    pool: "forks",
    // The store uses node:sqlite, which older Node 24 releases announce as experimental in every process.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    reporters: ["default"],
  },
});

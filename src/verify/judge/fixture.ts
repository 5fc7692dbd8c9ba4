/** A tree in a folder of its own, judged by a real verifier in a real box; for tests. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { Sandbox } from "../../ports/sandbox.ts";
import type { Judgement, JudgeRequest } from "../../ports/verifier.ts";
import type { Check } from "../../protocol/contract.ts";
import { createVerifier } from "../verifier.ts";

export interface TreeFixture {
  directory: string;
  write(files: Record<string, string>): Promise<void>;
  judge(check: Check, more?: Partial<JudgeRequest>): Promise<Judgement>;
  remove(): Promise<void>;
}

export async function makeTree(sandbox: Sandbox, clock: Clock): Promise<TreeFixture> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "houston-tree-")));
  return {
    directory,
    write: async (files) => {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), content);
      }
    },
    judge: async (check, more = {}) => {
      await sandbox.adopt(directory);
      return await createVerifier({ sandbox, readOnly: [], clock }).judge({
        missionId: "m",
        assertion: { id: "a", check },
        directory,
        mounts: [],
        services: {},
        signal: new AbortController().signal,
        ...more,
      });
    },
    remove: async () => {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

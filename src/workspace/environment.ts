/**
 * Sealed dependencies: finds the environment of a tree, or builds it in the box and seals it.
 *
 * The key that an environment is asked for by covers lockfiles and commands only: not every change of a tree means
 * another installation. But a setup can read the whole tree, and an agent may have written it: a lockfile that others
 * will use some day, beside a script that spoils what is installed. So an environment is given again to the mission
 * that was given it first, and to others only if their whole tree equals the one it was built in.
 */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Clock } from "../ports/clock.ts";
import { EnvironmentError, type EnvironmentRequest, type Environments } from "../ports/environment.ts";
import type { Mount, Sandbox } from "../ports/sandbox.ts";
import type { MissionId } from "../protocol/ids.ts";
import { environmentKey, treeDigest } from "./environmentKey.ts";
import type { HostEnv } from "./environmentPrograms.ts";
import { outputsOf, sealOutputs } from "./environmentSeal.ts";
import { runSetups } from "./environmentSetup.ts";
import { EnvironmentStore, removeTree, type Sealed } from "./environmentStore.ts";

export interface EnvironmentsOptions {
  /** Where environments live, on one file system with the missions' folders; ours alone to write. */
  directory: string;
  /** The box that a mission's programs run in. */
  sandboxOf(missionId: MissionId): Promise<Sandbox>;
  clock: Clock;
  /** The runner's own variables, for PATH, proxies and the registry. */
  hostEnv?: HostEnv;
}

export interface EnvironmentKeeper extends Environments {
  /** Removes environments that no mission was given since (milliseconds since 1970); how many. */
  removeUnused(beforeMs: number): Promise<number>;
}

interface Found {
  sealed: Sealed;
  built: boolean;
  output: Uint8Array;
}

/** Errors are EnvironmentErrors. Requests for one key wait for each other. */
export function createEnvironments(options: EnvironmentsOptions): EnvironmentKeeper {
  const store = new EnvironmentStore(resolve(options.directory));
  const inTurn = turns();
  return {
    removeUnused: async (beforeMs) => await store.removeUnused(beforeMs),
    seal: async (request) => {
      try {
        const sandbox = await options.sandboxOf(request.missionId);
        const key = await environmentKey(request.setup, request.directory, sandbox.kind);
        const { sealed, built, output } = await inTurn(key, request.signal, async () => {
          return await findOrBuild(options, store, sandbox, key, request);
        });
        const { durationMs } = sealed;
        return { environment: { key, built, durationMs }, mounts: mountsOf(sealed), output };
      } catch (error) {
        if (error instanceof EnvironmentError) throw error;
        throw new EnvironmentError("broken", error instanceof Error ? error.message : String(error));
      }
    },
  };
}

const mountsOf = ({ folder, outputs }: Sealed): Mount[] =>
  outputs.map((path, index) => ({ source: join(folder, String(index)), path }));

async function findOrBuild(
  options: EnvironmentsOptions,
  store: EnvironmentStore,
  sandbox: Sandbox,
  key: string,
  request: EnvironmentRequest,
): Promise<Found> {
  let tree: string | undefined;
  for (;;) {
    let found = await existing(store.ofMission(key, request.missionId));
    if (found === undefined) {
      tree ??= await treeDigest(request.directory);
      found =
        (await existing(store.ofTree(key, tree))) ??
        (await build(options, store, sandbox, { ...request, key, tree }));
    }
    const now = new Date(options.clock.now());
    if (await store.give(found.sealed, request.missionId, now)) return found;
  }
}

async function existing(looking: Promise<Sealed | undefined>): Promise<Found | undefined> {
  const sealed = await looking;
  return sealed === undefined ? undefined : { sealed, built: false, output: new Uint8Array() };
}

async function build(
  { clock, hostEnv = process.env }: EnvironmentsOptions,
  store: EnvironmentStore,
  sandbox: Sandbox,
  request: EnvironmentRequest & { key: string; tree: string },
): Promise<Found> {
  const { setup: setups, signal, key, tree } = request;
  const offline = request.network ? undefined : setups.find((setup) => setup.network);
  if (offline !== undefined) {
    throw new EnvironmentError(
      "notAllowed",
      `\`${offline.command.join(" ")}\` needs the network: allow it with --allow-setup-network`,
    );
  }
  const outputs = outputsOf(setups);
  const startedMs = clock.monotonicMs();
  const scratch = await store.scratch();
  try {
    const { directory } = await request.fresh();
    const output = await runSetups({ sandbox, clock, hostEnv, setups, directory, scratch, signal });
    const folder = join(scratch, "sealed");
    await mkdir(folder);
    await sealOutputs(outputs, directory, folder, output);
    const durationMs = Math.round(clock.monotonicMs() - startedMs);
    return { sealed: await store.keep(folder, key, tree, { outputs, durationMs }), built: true, output };
  } finally {
    await removeTree(scratch);
  }
}

/** One after the other for each key; who is told to stop while waiting throws. */
function turns(): <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, signal, work) => {
    const before = last.get(key);
    const wait = async (): Promise<void> => {
      if (before !== undefined) await Promise.race([before, aborted(signal)]);
      if (signal.aborted) throw new EnvironmentError("broken", "interrupted before there was an environment");
    };
    const mine = wait().then(work);
    const settled = Promise.allSettled([before, mine]).then(() => {
      if (last.get(key) === settled) last.delete(key);
    });
    last.set(key, settled);
    return await mine;
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
}

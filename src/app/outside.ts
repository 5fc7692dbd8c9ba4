/**
 * Everything of the outside that an engine needs, on this machine: the embedded store, git workspaces,
 * the box, program agents. What only some missions need is loaded when the first one does.
 */
import type { EnginePorts } from "../engine/enginePorts.ts";
import type { Agent } from "../ports/agent.ts";
import type { Environments } from "../ports/environment.ts";
import type { Log } from "../ports/log.ts";
import type { Sandbox } from "../ports/sandbox.ts";
import type { Verifier } from "../ports/verifier.ts";
import type { Workspaces } from "../ports/workspace.ts";
import { missionStream, type MissionId } from "../protocol/ids.ts";
import type { SqliteStore } from "../stores/sqlite/store.ts";
import { openSqliteStore } from "../stores/sqlite/store.ts";
import { faultsFrom } from "./faults.ts";
import { createRunnerRegistry } from "./runnerRegistry.ts";
import { createSandbox, type BoxKind } from "./sandboxes.ts";
import { environmentsFolder, runnerRegistryFolder, storeFolder, workspacesFolder } from "./stateDirectory.ts";
import { systemClock } from "./systemClock.ts";
import { createIds } from "./uuid.ts";

export interface OutsideOptions {
  stateDirectory: string;
  /** Overrules what each mission's policy says. */
  sandbox?: BoxKind;
  readOnly?: boolean;
  /** Test hook, see `faults.ts`. */
  crashAt?: string;
}

export interface Outside {
  ports: EnginePorts;
  store: SqliteStore;
  sandbox(kind: BoxKind): Promise<Sandbox>;
}

export async function openOutside(options: OutsideOptions): Promise<Outside> {
  const { stateDirectory, readOnly = false } = options;
  const store = await openSqliteStore({
    directory: storeFolder(stateDirectory),
    clock: systemClock,
    readOnly,
  });
  const sandbox = keyed(createSandbox);
  const boxOf = keyed(
    async (missionId: MissionId) => options.sandbox ?? (await policyBox(store.log, missionId)),
  );
  const tools: Tools = {
    sandboxOf: async (missionId) => await sandbox(await boxOf(missionId)),
    anySandbox: async () => await sandbox("bubblewrap"),
    boxOf,
    missionOfFolder: new Map(),
    environmentsDirectory: environmentsFolder(stateDirectory),
    folders: keyed(async (kind: BoxKind) => {
      const { createWorkspaces } = await import("../workspace/workspaces.ts");
      const box = await sandbox(kind);
      return createWorkspaces({
        directory: workspacesFolder(stateDirectory),
        adopt: async (directory) => await box.adopt(directory),
      });
    }),
  };
  const { truth: _truth, ...storePorts } = store;
  const ports: EnginePorts = {
    log: storePorts.log,
    changes: storePorts.changes,
    leases: storePorts.leases,
    blobs: storePorts.blobs,
    caches: storePorts.caches,
    spool: storePorts.spool,
    clock: systemClock,
    ids: createIds(systemClock),
    workspaces: workspacesIn(tools),
    environments: environmentsIn(tools),
    verifier: verifierIn(tools),
    programs: programsIn(tools),
    runners: createRunnerRegistry(runnerRegistryFolder(stateDirectory)),
    faults: faultsFrom(options.crashAt),
  };
  return { ports, store, sandbox };
}

interface Tools {
  sandboxOf(missionId: MissionId): Promise<Sandbox>;
  anySandbox(): Promise<Sandbox>;
  boxOf(missionId: MissionId): Promise<BoxKind>;
  folders(kind: BoxKind): Promise<Workspaces>;
  /** Whose a folder made by `materialise` is: `remove` is not told. */
  missionOfFolder: Map<string, MissionId>;
  environmentsDirectory: string;
}

/** What the mission was created with; in doubt the box. */
async function policyBox(log: Log, missionId: MissionId): Promise<BoxKind> {
  const [first] = await log.read(missionStream(missionId), 0, 1);
  return first?.event.type === "mission.created" ? first.event.spec.policy.sandbox : "bubblewrap";
}

/** Delivery and look-ups touch no folder of an agent: any instance does. */
function workspacesIn(tools: Tools): Workspaces {
  const of = async (missionId: MissionId): Promise<Workspaces> =>
    await tools.folders(await tools.boxOf(missionId));
  const any = async (): Promise<Workspaces> => await tools.folders("bubblewrap");
  return {
    prepare: async (request) => await (await of(request.missionId)).prepare(request),
    materialise: async (request) => {
      const made = await (await of(request.missionId)).materialise(request);
      tools.missionOfFolder.set(made.directory, request.missionId);
      return made;
    },
    has: async (missionId, snapshot) => await (await of(missionId)).has(missionId, snapshot),
    capture: async (request) => await (await of(request.missionId)).capture(request),
    deliver: async (request) => await (await of(request.missionId)).deliver(request),
    delivered: async (request) => await (await any()).delivered(request),
    importCommit: async (request) => await (await of(request.missionId)).importCommit(request),
    overlay: async (request) => await (await of(request.missionId)).overlay(request),
    copy: async (request) => await (await of(request.to)).copy(request),
    apply: async (request) => await (await of(request.missionId)).apply(request),
    changes: async (missionId, from, to) => await (await of(missionId)).changes(missionId, from, to),
    readFiles: async (missionId, snapshot, paths, maxBytes) =>
      await (await of(missionId)).readFiles(missionId, snapshot, paths, maxBytes),
    files: async (missionId, snapshot) => await (await of(missionId)).files(missionId, snapshot),
    diff: async (missionId, from, to) => await (await of(missionId)).diff(missionId, from, to),
    removeAll: async (missionId, keptPrefix) => await (await of(missionId)).removeAll(missionId, keptPrefix),
    remove: async (directory) => {
      const missionId = tools.missionOfFolder.get(directory);
      tools.missionOfFolder.delete(directory);
      await (missionId === undefined ? await any() : await of(missionId)).remove(directory);
    },
  };
}

function environmentsIn(tools: Tools): Environments {
  const made = keyed(async (_one: "environments") => {
    const { createEnvironments } = await import("../workspace/environment.ts");
    return createEnvironments({
      directory: tools.environmentsDirectory,
      sandboxOf: async (missionId) => await tools.sandboxOf(missionId),
      clock: systemClock,
      hostEnv: process.env,
    });
  });
  return { seal: async (request) => await (await made("environments")).seal(request) };
}

function verifierIn(tools: Tools): Verifier {
  const of = async (missionId?: MissionId): Promise<Verifier> => {
    const { createVerifier } = await import("../verify/verifier.ts");
    const sandbox = await (missionId === undefined ? tools.anySandbox() : tools.sandboxOf(missionId));
    return createVerifier({ sandbox, readOnly: [], clock: systemClock });
  };
  return {
    async judge(request) {
      try {
        return await (await of(request.missionId)).judge(request);
      } catch (error) {
        return { value: "error", reason: messageOf(error), observations: [] };
      }
    },
    // Reading source needs no box.
    review: async (request) => await (await of()).review(request),
    mayVanish: async (baseline, changes, mayChangeTests) =>
      await (await of()).mayVanish(baseline, changes, mayChangeTests),
    mutants: async (changes, count) => await (await of()).mutants(changes, count),
  };
}

function programsIn(tools: Tools): Agent<"program"> {
  return {
    kind: "program",
    async perform(request) {
      try {
        const { createProgramAgent } = await import("../agents/program.ts");
        const sandbox = await tools.sandboxOf(request.brief.mission.id);
        return await createProgramAgent({ sandbox, clock: systemClock }).perform(request);
      } catch (error) {
        return { status: "failed", error: { code: "infrastructure", message: messageOf(error) }, usage: {} };
      }
    },
  };
}

/** Makes a thing once per key; a making that failed is tried again. */
function keyed<K extends string, V>(make: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const made = new Map<K, Promise<V>>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const making = make(key).catch((error: unknown) => {
      made.delete(key);
      throw error;
    });
    made.set(key, making);
    return making;
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

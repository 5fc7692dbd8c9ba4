/** Captures work folders, remembering what each held so that the next capture of it reads only what changed. */
import type { Snapshot } from "../protocol/snapshot.ts";
import { type Changes, Importer } from "./importer.ts";
import { type MissionFolders, makeMissionFolders, missionRepository } from "./missionRepository.ts";
import { pathToWrite } from "./names.ts";
import { list, type Listing } from "./objects.ts";
import { makeSnapshot } from "./snapshots.ts";
import { type FolderMemory, Survey } from "./survey.ts";

interface Known extends FolderMemory {
  commit: string;
  seconds?: number;
  /** Belongs to this memory: grows with each capture. */
  listing: Listing;
}

/** What captures of each folder found out; only makes the next one faster. */
export type CaptureMemory = Map<string, Known>;

export interface CaptureRequest {
  directory: string;
  parent: Snapshot;
  message: string;
  except?: readonly string[];
}

/** See `Workspaces.capture`. */
export async function capture(
  folders: MissionFolders,
  memory: CaptureMemory,
  { directory, parent, message, except = [] }: CaptureRequest,
): Promise<Snapshot> {
  const excepted = new Set(except.map((path) => pathToWrite(path.replace(/\/+$/, ""))));
  await makeMissionFolders(folders);
  const repository = missionRepository(folders);
  const before = memory.get(directory);
  const base = before?.commit === parent.commit ? before : undefined;
  const listing = base?.listing ?? (await list(repository, parent));
  const importer = new Importer(repository);
  const survey = new Survey(
    {
      repository,
      directory,
      temporary: folders.temporary,
      listing,
      memory: before ?? { files: new Map(), ignores: new Map() },
      importer,
      except: excepted,
    },
    parent.commit,
  );
  const find = async (): Promise<Changes> => await survey.changes();
  const timed = { ...base, snapshot: parent };
  const { snapshot, changes, ...made } = await makeSnapshot(folders, importer, timed, message, find);
  // Only now, because what was read before all was safe must not be believed.
  for (const path of changes.removed) listing.delete(path);
  for (const [path, entry] of changes.written) listing.set(path, entry);
  memory.set(directory, { ...survey.remembered(changes), ...made, commit: snapshot.commit, listing });
  return snapshot;
}

/** One crash: which of the changes that were not safe reached the disk, and the folder that this leaves. */
import type { Random } from "../../src/testing/random.ts";
import {
  changed,
  type Disk,
  type Kept,
  type Model,
  type PendingContent,
  type PendingName,
  rename,
} from "./disk.ts";
import type { Inode } from "./operations.ts";

export interface CrashedFile {
  /** Equal keys, equal contents. */
  key: string;
  content(): Buffer;
}

/** By path; folders end with a slash. */
export type CrashedFolder = Map<string, CrashedFile | "folder">;

const contentPolicies = {
  none: 3,
  all: 2,
  prefix: 2,
  some: 4,
  files: 2,
  lastTorn: 2,
  oneMissing: 2,
} as const;
const namePolicies = { none: 3, all: 3, prefix: 2, some: 4 } as const;

export interface Survival {
  contents: keyof typeof contentPolicies;
  names: keyof typeof namePolicies;
}

/** `survival` left out: chance decides how much is lost. */
export function crash(
  disk: Disk,
  model: Model,
  random: Random,
  label: string,
  survival?: Survival,
): { folder: CrashedFolder; survival: Survival } {
  const { contents, names } = survival ?? {
    contents: random.weighted(contentPolicies),
    names: random.weighted(namePolicies),
  };
  const kept = keptContents(disk, contents, random);
  const folders = new Map([...disk.folders].map(([inode, entries]) => [inode, new Map(entries)]));
  for (const name of keptNames(disk.names, names, model, random)) rename(folders, name);
  const folder: CrashedFolder = new Map();
  const visit = (inode: Inode, path: string): void => {
    for (const [name, child] of folders.get(inode) ?? []) {
      if (folders.has(child)) {
        folder.set(`${path}${name}/`, "folder");
        visit(child, `${path}${name}/`);
      } else folder.set(path + name, fileOf(disk, child, kept.get(child) ?? [], label));
    }
  };
  visit(0, "");
  return { folder, survival: { contents, names } };
}

function fileOf(disk: Disk, inode: Inode, changes: Kept[], label: string): CrashedFile {
  const file = disk.files.get(inode);
  if (file === undefined) throw new Error(`nobody made ${inode}`);
  const key = `${inode}v${file.version}`;
  if (changes.length === 0) return { key, content: () => file.bytes };
  return { key: `${key} ${label}`, content: () => changed(file.bytes, changes, disk.recording.bytes) };
}

function keptContents(disk: Disk, policy: Survival["contents"], random: Random): Map<Inode, Kept[]> {
  const pending = [...disk.files.values()].flatMap((file) => file.pending).sort((a, b) => a.index - b.index);
  const kept = new Map<Inode, Kept[]>();
  if (policy === "none" || pending.length === 0) return kept;
  const choose = chooser(pending, policy, random);
  for (const one of pending) {
    const survivor = choose(one);
    if (survivor === undefined) continue;
    const list = kept.get(one.inode);
    if (list === undefined) kept.set(one.inode, [survivor]);
    else list.push(survivor);
  }
  return kept;
}

function chooser(
  pending: PendingContent[],
  policy: Exclude<Survival["contents"], "none">,
  random: Random,
): (one: PendingContent) => Kept | undefined {
  const chosen = random.pick(pending);
  const share = random.pick([0.1, 0.5, 0.9]);
  const files = new Map<Inode, boolean>();
  const whole = ({ operation }: PendingContent): Kept => ({ operation });
  switch (policy) {
    case "all":
      return whole;
    case "prefix":
      return (one) => (one.index <= chosen.index ? whole(one) : undefined);
    case "oneMissing":
      return (one) => (one === chosen ? undefined : whole(one));
    case "lastTorn":
      return (one) =>
        one.index < chosen.index ? whole(one) : one === chosen ? torn(one, random) : undefined;
    case "files":
      return (one) => {
        const keep = files.get(one.inode) ?? random.chance(share);
        files.set(one.inode, keep);
        return keep ? whole(one) : undefined;
      };
    case "some":
      return (one) =>
        random.chance(share) ? (random.chance(0.3) ? torn(one, random) : whole(one)) : undefined;
  }
}

/** Sectors or pages of a write that reached the disk without their neighbours. */
function torn({ operation }: PendingContent, random: Random): Kept | undefined {
  if (operation.kind === "truncate") return { operation };
  const unit = random.pick([512, 4096]);
  const parts: [number, number][] = [];
  for (let from = 0; from < operation.sizeBytes;) {
    const to = Math.min(operation.sizeBytes, from + unit - ((operation.offset + from) % unit));
    if (random.chance(0.5)) parts.push([from, to]);
    from = to;
  }
  return parts.length === 0 ? undefined : { operation, parts };
}

function keptNames(
  pending: PendingName[],
  policy: Survival["names"],
  model: Model,
  random: Random,
): PendingName[] {
  if (policy === "none" || pending.length === 0) return [];
  if (policy === "all") return pending;
  const chosen = random.pick(pending);
  if (policy === "prefix" || model === "ordered") return pending.filter(({ index }) => index <= chosen.index);
  const share = random.pick([0.1, 0.5, 0.9]);
  const kept = new Set<PendingName>();
  for (const one of pending) {
    const { needs } = one;
    // A rename inside one folder is one change; out of one folder it takes the name only if it gave the other.
    const settledNeed = needs !== undefined && !pending.includes(needs);
    const keep =
      needs === undefined || settledNeed
        ? random.chance(share)
        : kept.has(needs) && (needs.folder === one.folder || random.chance(share));
    if (keep) kept.add(one);
  }
  return pending.filter((one) => kept.has(one));
}

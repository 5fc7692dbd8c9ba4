/** Checks a share of the crash states of one recording; one line of JSON about each on standard output. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../../src/testing/random.ts";
import { checkMission, checkUser, checkWork } from "../checkFiles.ts";
import { checkStore, type Report } from "../checkStore.ts";
import { crash, type Survival } from "../crash.ts";
import { Disk } from "../disk.ts";
import { History, type Line } from "../history.ts";
import { stateFolder, userFolder } from "../layout.ts";
import { Mirror } from "../mirror.ts";
import type { Recording } from "../operations.ts";
import type { Found, Problem, Share } from "../plan.ts";
import { readRecording } from "../recording.ts";

/** Every so many states the store is opened as Houston opens it, threads included. */
const fullEvery = 7;

class Explorer {
  private readonly share: Share;
  private readonly recording: Recording;
  private readonly disk: Disk;
  private readonly mirror: Mirror;
  private readonly history = new History();
  private heard = 0;
  /** Parts of the folder that passed, by what they held and what was asked of them. */
  private readonly passed = new Map<string, string>();

  constructor(share: Share) {
    this.share = share;
    this.recording = readRecording(share.recording);
    this.disk = new Disk(this.recording, share.model, share.ignored);
    this.mirror = new Mirror(share.mirror);
  }

  async explore(): Promise<void> {
    for (const { state, point, isDeep, survival } of this.share.states) {
      this.advance(point);
      const found = await this.check(state, isDeep, survival);
      process.stdout.write(`${JSON.stringify({ state, point, ...found } satisfies Found)}\n`);
    }
  }

  private advance(point: number): void {
    this.disk.advance(point);
    for (; this.heard < point; this.heard += 1) {
      const operation = this.recording.operations[this.heard];
      if (operation?.kind === "line") this.history.add(JSON.parse(operation.text) as Line);
    }
  }

  private async check(
    state: number,
    isDeep: boolean,
    survival: Survival | undefined,
  ): Promise<Omit<Found, "state" | "point">> {
    const { share, mirror, history, disk } = this;
    const random = seededRandom(`${share.seed}/${state}`);
    const crashed = crash(disk, share.model, random, `state ${state}`, survival);
    mirror.hold(crashed.folder);
    const problems: Problem[] = [];
    const report: Report = (what, detail) => void problems.push({ what, detail });
    const directory = join(mirror.root, stateFolder);
    const blobs = `${mirror.keyOf(`${stateFolder}/blobs/`)}\n${history.staged.length}`;
    const knowsLargeBlobs = this.passed.get("blobs") === blobs;
    const named = await checkStore({
      directory,
      history,
      random,
      report,
      knowsLargeBlobs,
      isFull: state % fullEvery === 0,
    });
    if (problems.length === 0) this.passed.set("blobs", blobs);
    if (crashed.folder.has(`${stateFolder}/`)) mirror.forgetFiles(`${stateFolder}/`);
    const snapshots = [...named, ...history.snapshots];
    for (const missionId of new Set(snapshots.map((one) => one.missionId))) {
      const commits = snapshots.filter((one) => one.missionId === missionId).length;
      this.unlessPassed(missionId, `${stateFolder}/workspaces/${missionId}/`, commits, problems, () =>
        checkMission(mirror.root, missionId, snapshots, report),
      );
    }
    const deliveries = history.acknowledgements;
    this.unlessPassed("user", `${userFolder}/`, deliveries, problems, () =>
      checkUser(mirror.root, history, report),
    );
    if (isDeep) {
      await checkWork(mirror.root, history, report);
      mirror.reset();
    }
    return { survival: crashed.survival, problems, acknowledgements: history.acknowledgements, isDeep };
  }

  private unlessPassed(
    name: string,
    folder: string,
    asked: number,
    problems: Problem[],
    check: () => void,
  ): void {
    const key = `${this.mirror.keyOf(folder)}\n${asked}`;
    if (this.passed.get(name) === key) return;
    const before = problems.length;
    check();
    if (problems.length === before) this.passed.set(name, key);
  }
}

await new Explorer(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Share).explore();

/**
 * The witness outside: every program of a mission tells it before it begins, and when its process was
 * started; the witness looks into the log whether the call was settled by then. Whoever begins a settled
 * call is a violation. (A survivor of a dead runner may tell late, of a call that was settled since.)
 */
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { MissionRecord } from "../../src/app/following.ts";
import type { Houston } from "../../src/app/houston.ts";

/** The kernel's clock of processes is this coarse. */
const tickMs = 20;

interface Watched {
  records: MissionRecord[];
  /** When each call was settled, by the log. */
  settled: Map<string, number>;
  begun: Map<string, number>;
}

export class Witness {
  readonly violations: string[] = [];
  /** Performances that were announced. */
  performances = 0;
  readonly #houston: Houston;
  readonly #missions = new Map<string, Watched>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(houston: Houston) {
    this.#houston = houston;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      socket.once("data", (data) => void this.#hear(data.toString(), socket));
    });
  }

  async listen(folder: string): Promise<void> {
    const path = join(folder, "witness.sock");
    await new Promise<void>((resolve) => this.#server.listen(path, resolve));
    // Jailed programs run under another account.
    chmodSync(path, 0o777);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #hear(line: string, socket: Socket): Promise<void> {
    const { cwd, kind, startedAt } = JSON.parse(line) as { cwd: string; kind: string; startedAt: number };
    const [, missionId, epoch, callId] = /\/([0-9a-f-]{36})\/work\/e(\d+)-(c\d+)/.exec(cwd) ?? [];
    if (missionId !== undefined && callId !== undefined) {
      this.performances += 1;
      const { settled, begun } = await this.look(missionId);
      begun.set(callId, (begun.get(callId) ?? 0) + 1);
      if (startedAt - tickMs > (settled.get(callId) ?? Infinity))
        this.violations.push(
          `${kind} ${callId} of ${missionId} began again in epoch ${epoch} after it was settled`,
        );
    }
    socket.write("go\n");
  }

  /** Reads what is new in a mission's log; everything seen once must stay as it was. */
  async look(missionId: string): Promise<Watched> {
    const known: Watched = this.#missions.get(missionId) ?? {
      records: [],
      settled: new Map(),
      begun: new Map(),
    };
    this.#missions.set(missionId, known);
    for await (const record of this.#houston.events(missionId, known.records.length)) {
      if (record.seq !== known.records.length + 1) continue;
      known.records.push(record);
      if (record.event.type === "call.settled") known.settled.set(record.event.callId, record.at);
    }
    return known;
  }

  /** Compares everything that was ever seen with the log as it is now: how many acknowledged events were lost or changed. */
  async lost(missionId: string): Promise<number> {
    const { records } = await this.look(missionId);
    const now: MissionRecord[] = [];
    for await (const record of this.#houston.events(missionId, 0)) now.push(record);
    return records.filter((record, index) => JSON.stringify(record) !== JSON.stringify(now[index])).length;
  }
}

/** Follows all missions of the demo at once: shows what is news, keeps every event, waits for what is to come. */
import { escapeText } from "../../app/escape.ts";
import type { MissionRecord } from "../../app/following.ts";
import type { Houston } from "../../app/houston.ts";
import { eventText, News } from "../eventText.ts";
import { CliError, exitCodes } from "../exit.ts";
import { tell } from "../output.ts";

export interface FollowedMission {
  name: string;
  missionId: string;
}

export class Following {
  readonly #records = new Map<string, MissionRecord[]>();
  readonly #ending = new AbortController();
  readonly #done: Promise<unknown>;
  /** Told of every event, and of the end. */
  readonly #listeners = new Set<() => void>();
  #trouble: CliError | undefined;

  constructor(houston: Houston, missions: readonly FollowedMission[], signal: AbortSignal) {
    const stop = AbortSignal.any([signal, this.#ending.signal]);
    const widest = Math.max(...missions.map(({ name }) => name.length));
    this.#done = Promise.all(
      missions.map(async ({ name, missionId }) => {
        const records: MissionRecord[] = [];
        this.#records.set(missionId, records);
        const news = new News();
        for await (const record of houston.events(missionId, 0, stop)) {
          records.push(record);
          const time = new Date(record.at).toISOString().slice(11, 19);
          if (news.isNews(record)) tell(`${time}  ${name.padEnd(widest)}  ${eventText(record.event)}`);
          this.#hear(name, record);
        }
      }),
    ).then(
      () => this.#fail(exitCodes.error, "the demo was given up: it took too long"),
      (error: unknown) => this.#fail(exitCodes.error, String(error)),
    );
  }

  /** What another process has seen of a mission so far: acknowledged, so it must never vanish. */
  seen(missionId: string): MissionRecord[] {
    return [...(this.#records.get(missionId) ?? [])];
  }

  /** Whether an event of this type is there, of any mission. */
  has(type: MissionRecord["event"]["type"]): boolean {
    return [...this.#records.values()].some((records) => records.some(({ event }) => event.type === type));
  }

  /**
   * Resolves when the condition holds, or when patience is over. Throws CliError when a mission asks for a person:
   * in the demo nobody answers.
   */
  async until(condition: () => boolean, patienceMs = Infinity): Promise<void> {
    let hear = (): void => {};
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      hear = () => {
        if (this.#trouble !== undefined || condition()) resolve();
      };
      this.#listeners.add(hear);
      if (patienceMs !== Infinity) timer = setTimeout(resolve, patienceMs);
      hear();
    });
    clearTimeout(timer);
    this.#listeners.delete(hear);
    if (this.#trouble !== undefined) throw this.#trouble;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#done;
  }

  #hear(name: string, { event }: MissionRecord): void {
    if (event.type !== "approval.requested") return this.#wake();
    const [first = ""] = event.approval.reason.split("\n");
    this.#fail(exitCodes.needsHuman, `${name} asks for a person: ${escapeText(first)}`);
  }

  #fail(exitCode: CliError["exitCode"], message: string): void {
    this.#trouble ??= new CliError(exitCode, message);
    this.#wake();
  }

  #wake(): void {
    for (const hear of this.#listeners) hear();
  }
}

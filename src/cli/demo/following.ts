/** Follows all missions of the demo at once: shows what is news, keeps every event, waits for what is to come. */
import { escapeLine } from "../../app/escape.ts";
import type { MissionRecord } from "../../app/following.ts";
import type { Houston } from "../../app/houston.ts";
import { eventText, News } from "../eventText.ts";
import { CliError, exitCodes } from "../exit.ts";
import { tell } from "../output.ts";

export interface FollowedMission {
  name: string;
  missionId: string;
  /** What its setup cannot do without, for when it fails. */
  needs?: string;
}

const maxLineLength = 200;

/** Enough to follow; the report has the rest. */
const shortened = (text: string): string => escapeLine(text.split(" ⏎ ", 1)[0] ?? "", maxLineLength);

export class Following {
  readonly #records = new Map<string, MissionRecord[]>();
  readonly #ending = new AbortController();
  readonly #done: Promise<unknown>;
  /** Told of every event, and of the end. */
  readonly #listeners = new Set<() => void>();
  #trouble: CliError | undefined;

  constructor(houston: Pick<Houston, "events">, missions: readonly FollowedMission[], signal: AbortSignal) {
    const stop = AbortSignal.any([signal, this.#ending.signal]);
    const widest = Math.max(...missions.map(({ name }) => name.length));
    this.#done = Promise.all(
      missions.map(async (mission) => {
        const { name, missionId } = mission;
        const records: MissionRecord[] = [];
        this.#records.set(missionId, records);
        const news = new News();
        for await (const record of houston.events(missionId, 0, stop)) {
          records.push(record);
          const time = new Date(record.at).toISOString().slice(11, 19);
          if (news.isNews(record))
            tell(`${time}  ${name.padEnd(widest)}  ${shortened(eventText(record.event))}`);
          this.#hear(mission, record);
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

  #hear({ name, missionId, needs }: FollowedMission, { event }: MissionRecord): void {
    if (event.type !== "approval.requested") return this.#wake();
    const hasBegun = this.seen(missionId).some((record) => record.event.type === "attempt.started");
    const [reason = ""] = event.approval.reason.split("\n");
    const hint = hasBegun || needs === undefined ? "" : `; it needs ${needs}`;
    this.#fail(exitCodes.needsHuman, `${name} cannot go on without a person: ${escapeLine(reason)}${hint}`);
  }

  #fail(exitCode: CliError["exitCode"], message: string): void {
    this.#trouble ??= new CliError(exitCode, message);
    this.#wake();
  }

  #wake(): void {
    for (const hear of this.#listeners) hear();
  }
}

/** Which crash states of a recording are looked at, and by whom. */
import { seededRandom } from "../../src/testing/random.ts";
import type { Survival } from "./crash.ts";
import type { Ignored, Model } from "./disk.ts";
import type { Recording } from "./operations.ts";

export interface State {
  /** Its number; with the seed it decides everything that chance decides. */
  state: number;
  /** The power goes before this operation. */
  point: number;
  /** Also goes on working on what is there, which takes longer. */
  isDeep: boolean;
  survival?: Survival;
}

export interface Share {
  recording: string;
  mirror: string;
  model: Model;
  ignored: Ignored;
  seed: string;
  /** By point. */
  states: State[];
}

export interface Problem {
  what: string;
  detail: string;
}

export interface Found {
  state: number;
  point: number;
  isDeep: boolean;
  survival: Survival;
  problems: Problem[];
  /** Said before the power went. */
  acknowledgements: number;
}

const deepEvery = 19;
const nothing: Survival = { contents: "none", names: "none" };

/**
 * Half of them right behind an acknowledgement (each in turn, the first time with all lost that may be), a
 * quarter right behind a change of names or a sync (rare beside writes, and where the order counts), a quarter anywhere.
 */
export function planStates(recording: Recording, count: number, seed: string): State[] {
  const random = seededRandom(`${seed}/points`);
  const acknowledged = recording.operations.flatMap((operation, index) =>
    operation.kind === "line" && !operation.text.includes('"want"') ? [index + 1] : [],
  );
  const turning = recording.operations.flatMap(({ kind }, index) =>
    index >= recording.before && kind !== "write" && kind !== "line" ? [index + 1] : [],
  );
  const turns = Math.ceil(count / 2);
  const states = Array.from({ length: count }, (_, state): State => {
    const isDeep = state % deepEvery === 0;
    if (state % 4 === 1) return { state, isDeep, point: random.pick(turning) };
    if (state % 4 === 3)
      return { state, isDeep, point: random.int(recording.before, recording.operations.length) };
    const turn =
      turns <= acknowledged.length ? Math.floor(((state / 2) * acknowledged.length) / turns) : state / 2;
    const point = acknowledged[turn % acknowledged.length] ?? recording.operations.length;
    return turn < acknowledged.length
      ? { state, isDeep, point, survival: nothing }
      : { state, isDeep, point };
  });
  return states.sort((a, b) => a.point - b.point);
}

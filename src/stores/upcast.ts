/** Old events brought up to the current schema on read, so that `evolve` knows one version only. */
import { eventSchemaVersion } from "../protocol/events.ts";

/** Turns one type's event of one version into the next version's. Pure; may rename the type. */
export type Upcaster = (event: { type: string }) => { type: string };

/** `<type>@<version>` to the step that leads to `version + 1`. A type without one did not change in that version. */
export type Upcasters = Readonly<Record<string, Upcaster>>;

/** Empty until an event changes shape; entries are never removed. */
export const upcasters: Upcasters = {};

export interface Versioned {
  schemaVersion: number;
  event: { type: string };
}

/** Climbs the table up to `target`. What is newer than that, or unknown, passes through unchanged. */
export function upcast(
  from: Versioned,
  table: Upcasters = upcasters,
  target = eventSchemaVersion,
): Versioned {
  let { event, schemaVersion } = from;
  if (schemaVersion >= target) return from;
  for (; schemaVersion < target; schemaVersion += 1) {
    event = table[`${event.type}@${schemaVersion}`]?.(event) ?? event;
  }
  return { event, schemaVersion };
}

/** State as text: maps and sets are tagged, so that what comes back is what was written. */
interface TaggedMap {
  $map: [unknown, unknown][];
}
interface TaggedSet {
  $set: unknown[];
}

/** Any of our state as text. */
export function encodeTagged(state: unknown): string {
  return JSON.stringify(state, (_key, value: unknown) => {
    if (value instanceof Map) return { $map: [...value] } satisfies TaggedMap;
    if (value instanceof Set) return { $set: [...value] } satisfies TaggedSet;
    return renamed(value, (key) => (key.startsWith("$") ? `$${key}` : key));
  });
}

/** What {@link encodeTagged} wrote; undefined when it is no such text. */
export function decodeTagged(text: string): unknown {
  try {
    return JSON.parse(text, revive) as unknown;
  } catch {
    return undefined;
  }
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$map" in value) return new Map((value as TaggedMap).$map as [string, unknown][]);
  if ("$set" in value) return new Set((value as TaggedSet).$set);
  return renamed(value, (key) => (key.startsWith("$$") ? key.slice(1) : key));
}

/** An author's input may have keys that look like our tags: they get one more `$` in the text. */
function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  if (!keys.some((key) => key.startsWith("$"))) return value;
  return Object.fromEntries(keys.map((key) => [rename(key), Reflect.get(value, key) as unknown]));
}

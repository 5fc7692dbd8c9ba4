/** Text of agents, commits and files made safe to show: what moves the cursor or turns the reading direction becomes visible. */

/** Ranges of code points: controls but tab and newline, C1, marks of zero width and of direction, separators, tags. */
const unsafeRanges = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
] as const;

const codePoint = (code: number): string => `\\u{${code.toString(16)}}`;
const unsafe = new RegExp(
  `[${unsafeRanges.map(([from, to]) => `${codePoint(from)}-${codePoint(to)}`).join("")}]`,
  "gu",
);

/** Keeps newlines and tabs. */
export function escapeText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(unsafe, visible);
}

/** One line, at most so many characters. */
export function escapeLine(text: string, maxLength = 300): string {
  const line = escapeText(text)
    .replace(/\s*\n\s*/g, " ⏎ ")
    .replaceAll("\t", " ")
    .trim();
  const characters = Array.from(line);
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 1).join("")}…` : line;
}

/** JSON that is safe to print, and still the same JSON. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(unsafe, (found) => unitsOf(found));
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

function unitsOf(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

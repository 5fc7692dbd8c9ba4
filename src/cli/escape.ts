/** Text of agents, commits and files made safe to show: what moves the cursor or turns the reading direction becomes visible. */

// Controls but tab and newline, C1, zero width and bidi marks, line and paragraph separators, tags.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Keeps newlines and tabs. */
export function escapeText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(unsafe, visible);
}

/** One line, at most so many characters. */
export function escapeLine(text: string, maxLength = 300): string {
  const line = escapeText(text).replace(/\s*\n\s*/g, " ⏎ ").replaceAll("\t", " ").trim();
  const characters = [...line];
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 1).join("")}…` : line;
}

/** JSON that is safe to print, and still the same JSON. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(unsafe, (found) =>
    [...found].map((character) => unitsOf(character)).join(""),
  );
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

function unitsOf(character: string): string {
  if (character === "\n") return character;
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join("");
}

/** HTML in which text can only ever be text: whatever is put into a template is escaped unless it is HTML already. */
import { escapeText } from "./escape.ts";

export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Part[] | undefined;

/** A tag for template literals. Undefined is nothing, a list is its parts one after another. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(
    texts.map((text, index) => (index === 0 ? text : asHtml(parts[index - 1]) + text)).join(""),
  );
}

function asHtml(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(asHtml).join("");
  return escaped(String(part));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** For content and for quoted attributes alike; what hides or turns the reading direction becomes visible first. */
function escaped(text: string): string {
  return escapeText(text).replace(/[&<>"'`]/g, (character) => entities[character] ?? "");
}

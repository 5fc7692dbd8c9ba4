/**
 * Events are mostly the same words again. In the file, frequent phrases are written as control
 * characters, which JSON text never contains: a third of the space, for about a microsecond, where a
 * compressor with a dictionary takes tens. The list is part of the schema: phrases are only ever added,
 * at the end.
 */

const phrases: readonly string[] = [
  // Up to 29 of one character: what a step writes.
  `{"callId":"c`,
  `"outcome":{"status":"`,
  `succeeded","result":{"kind":"`,
  `"snapshot":{"commit":"`,
  `","tree":"`,
  `"output":{"sha256":"`,
  `"sizeBytes":`,
  `"charged":{"calls":1`,
  `"timeMs":`,
  `"tokens":`,
  `"costMicroUsd":`,
  `"by":"runner"}`,
  `{"attemptId":"`,
  `"attemptId":"`,
  `"steps":[{"intention":"`,
  `"type":"skill","executor":"`,
  `"type":"tool","executor":"`,
  `"input":"`,
  `"effects":["`,
  `"reserve":{"calls":1,`,
  `"timeoutMs":`,
  `"position":"append"}`,
  `{"call":{"id":"c`,
  `"work":{"kind":"`,
  `"taskId":"`,
  `"stepId":"s`,
  `"before":{"commit":"`,
  `"digest":"`,
  `"id":"s`,
  // From here two characters.
  `step","`,
  `skill","skill":"`,
  `tool","tool":"`,
  `workspace"]`,
  `external"]`,
  `model"]`,
  `read"]`,
  `"position":"next"}`,
  `"overrun":{`,
  `"costMicroUsd":0`,
  `"tokens":0`,
  `attempt","agentId":"`,
  `"from":{"commit":"`,
  `"handoff":{"status":"done","summary":"`,
  `"leftUndone":[]`,
  `"commands":[`,
  `"testsAdded":[`,
  `"issues":[`,
  `"deviations":[`,
  `{"verdict":{"assertionId":"`,
  `"value":"passed"`,
  `"evidence":[`,
  `"durationMs":`,
  `"exitCode":`,
  `"contractVersion":1`,
  `"by":"verifier"`,
  `"reason":"`,
  `"message":"`,
  `"agentId":"`,
  `"epoch":`,
  `"runId":"`,
  `"runnerId":"`,
];

const singles = 29;
/** Followed by one printable character. */
const long = "\u001f";
const longCode = long.charCodeAt(0);
/** Followed by the text as it is: it has control characters of its own, or is no JSON of ours. */
const verbatim = "\u001e";

const codes = phrases.map((_, index) =>
  index < singles ? String.fromCharCode(index + 1) : long + String.fromCharCode(0x21 + index - singles),
);
const codeOf = new Map(phrases.map((phrase, index) => [phrase, codes[index] ?? phrase]));

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** The longest first, because the first that fits is taken. */
const anyPhrase = new RegExp(
  [...phrases]
    .sort((a, b) => b.length - a.length)
    .map(escape)
    .join("|"),
  "g",
);
// oxlint-disable-next-line no-control-regex -- control characters are the code
const anyControl = /[\u0000-\u001f]/;

/** What is kept of an event's JSON. */
export function shorten(json: string): string {
  return anyControl.test(json)
    ? verbatim + json
    : json.replace(anyPhrase, (phrase) => codeOf.get(phrase) ?? phrase);
}

/** The JSON again, byte for byte. By hand, because a hundred thousand of them are read when caches are lost. */
export function expand(kept: string): string {
  if (kept.startsWith(verbatim)) return kept.slice(1);
  let json = "";
  let from = 0;
  for (let at = 0; at < kept.length; at += 1) {
    const code = kept.charCodeAt(at);
    if (code >= 0x20) continue;
    json += kept.slice(from, at);
    // The second character of a long code is no control character: the loop passes over it.
    const index = code === longCode ? singles + kept.charCodeAt(at + 1) - 0x21 : code - 1;
    from = at + (code === longCode ? 2 : 1);
    json += phrases[index] ?? kept.slice(at, from);
  }
  return json + kept.slice(from);
}

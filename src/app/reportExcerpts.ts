/** What checks printed, as much of it as a report shows; the whole stays in the store under its digest. */
import type { BlobRef } from "../protocol/blob.ts";
import type { EvidenceEntry, MissionReport } from "./reportEntries.ts";

const headCharacters = 1_500;
const tailCharacters = 4_500;

/** The report with the excerpts of all evidence; what the store no longer has is said, not left out. */
export async function withExcerpts(
  report: MissionReport | undefined,
  read: (ref: BlobRef) => Promise<Uint8Array | undefined>,
): Promise<MissionReport | undefined> {
  if (report === undefined) return undefined;
  const known = new Map<string, string>();
  for (const entry of evidenceIn(report)) {
    if (entry.output === undefined) continue;
    const { sha256 } = entry.output;
    const excerpt = known.get(sha256) ?? excerptOf(await read(entry.output).catch(() => undefined));
    known.set(sha256, excerpt);
    entry.excerpt = excerpt;
  }
  return report;
}

function evidenceIn({ assertions, checks }: MissionReport): EvidenceEntry[] {
  return [...assertions, ...checks].flatMap(({ baseline, verdict, earlier }) =>
    [baseline, verdict, ...earlier].flatMap((judged) => judged?.evidence ?? []),
  );
}

/** The beginning says what ran, the end how it went. */
function excerptOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "(the store no longer has this output)";
  const text = new TextDecoder().decode(bytes);
  if (text.length <= headCharacters + tailCharacters) return text;
  const left = text.length - headCharacters - tailCharacters;
  return `${text.slice(0, headCharacters)}\n… ${left} characters left out …\n${text.slice(-tailCharacters)}`;
}

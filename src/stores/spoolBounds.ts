/**
 * How much of a stream a spool keeps: its head, and its tail in two segments that take turns. A
 * segment is named by where it starts in the whole stream, so that a reader sees what is missing.
 */

/** The head keeps at least this much. */
export const headBytes = 512 * 1024;
/** The tail keeps between one and two of these. */
export const segmentBytes = 512 * 1024;

/** Stands in the place of what was dropped. */
export function droppedNotice(bytes: number): Uint8Array {
  return new TextEncoder().encode(`\n[houston: ${bytes} bytes dropped here]\n`);
}

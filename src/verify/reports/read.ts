/** Reads a test report in whichever format the contract names. */
import type { ReportFormat } from "../../protocol/contract.ts";
import { parseJest } from "./jest.ts";
import { parseMocha } from "./mocha.ts";
import type { TestReport, UnreadableReport } from "./report.ts";
import { parseTap } from "./tap.ts";

/** `text` may hold other output around the report. */
export async function parseReport(
  format: ReportFormat,
  text: string,
): Promise<TestReport | UnreadableReport> {
  switch (format) {
    case "tap":
      return parseTap(text);
    case "jest":
      return parseJest(text);
    case "mocha":
      return parseMocha(text);
    case "junit": {
      // Loaded only when asked for: most contracts need no XML.
      const { parseJunit } = await import("./junit.ts");
      return parseJunit(text);
    }
  }
}

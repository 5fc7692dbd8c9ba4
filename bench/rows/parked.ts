/** stub */
import type { Row } from "../row.ts";
export const parked: Row = { name: "parked", title: "", measure: () => Promise.resolve([]) };

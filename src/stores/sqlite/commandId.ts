/** Command ids as the database keeps them: sixteen bytes for a UUID in its usual spelling, else the text. */
import type { CommandId } from "../../protocol/ids.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function packCommandId(id: CommandId): Uint8Array | string {
  return uuid.test(id) ? Buffer.from(id.replaceAll("-", ""), "hex") : id;
}

export function unpackCommandId(packed: unknown): CommandId {
  if (!(packed instanceof Uint8Array)) return String(packed);
  const hex = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

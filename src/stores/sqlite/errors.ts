/** What SQLite and the file system say, as a StoreError that names what the caller can do. */
import { StoreError, type StoreErrorCode } from "../../ports/log.ts";

/** Primary result codes: https://sqlite.org/rescode.html */
const codes: Readonly<Record<number, StoreErrorCode>> = {
  5: "busy",
  6: "busy",
  8: "readOnly",
  11: "corrupt",
  13: "diskFull",
  18: "invalid",
  26: "notAStore",
};
/** SQLITE_IOERR_SHMSIZE: the file of the WAL index could not grow. */
const noRoomForIndex = 4874;
const systemCodes: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: "diskFull",
  EDQUOT: "diskFull",
  EFBIG: "diskFull",
  EROFS: "readOnly",
  EACCES: "readOnly",
  EPERM: "readOnly",
};

const advice: Readonly<Record<StoreErrorCode, string>> = {
  diskFull: "the disk is full; nothing acknowledged is lost, make room and go on",
  readOnly: "it cannot be written; open it read-only or change its permissions",
  corrupt: "it is damaged; restore a backup in its place, or import an archive into a new folder",
  newerSchema: "a newer Houston wrote it; upgrade Houston",
  notAStore: "it is not a store of Houston's",
  busy: "another process kept its lock for too long; try again",
  closed: "the store was closed",
  invalid: "the request is wrong",
  io: "the disk failed; what was acknowledged is safe, open the store again",
};

/** Any error as a StoreError about `path`; one that is a StoreError already stays as it is. */
export function storeErrorOf(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  return new StoreError(code, `${path}: ${advice[code]} (${detail})`, { cause: error });
}

function codeOf(error: unknown): StoreErrorCode {
  const { errcode, code } = Object(error) as { errcode?: unknown; code?: unknown };
  if (typeof errcode === "number")
    return errcode === noRoomForIndex ? "diskFull" : (codes[errcode & 0xff] ?? "io");
  return (typeof code === "string" ? systemCodes[code] : undefined) ?? "io";
}

export function isBusy(error: unknown): boolean {
  return codeOf(error) === "busy";
}

/** Blobs too large for the database: one file each under `blobs/`, durable before its name is given away. */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { StoreError } from "../../ports/log.ts";
import type { BlobRef } from "../../protocol/blob.ts";
import { storeErrorOf } from "./errors.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Says how the rest of a file is kept, and how large it is unpacked. */
const headerBytes = 16;
const magic = "HsBl";

export class BlobFiles {
  private readonly directory: string;
  private nextTemporary = 0;

  constructor(directory: string) {
    this.directory = join(directory, "blobs");
  }

  private folderOf(sha256: string): string {
    return join(this.directory, sha256.slice(0, 2));
  }

  private fileOf(sha256: string): string {
    return join(this.folderOf(sha256), sha256.slice(2));
  }

  async put(ref: BlobRef, bytes: Uint8Array): Promise<void> {
    const folder = this.folderOf(ref.sha256);
    const temporary = join(folder, `.${process.pid}.${this.nextTemporary++}`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (!(await this.isWhole(ref))) {
        await writeSynced(temporary, await encode(bytes));
        await rename(temporary, this.fileOf(ref.sha256));
      }
      await syncFolder(folder);
      await syncFolder(this.directory);
      await syncFolder(join(this.directory, ".."));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw storeErrorOf(error, this.fileOf(ref.sha256));
    }
  }

  /** Whether it is there already; a damaged file is written again. */
  private async isWhole(ref: BlobRef): Promise<boolean> {
    try {
      return (await this.get(ref)) !== undefined;
    } catch {
      return false;
    }
  }

  async get({ sha256 }: BlobRef): Promise<Uint8Array | undefined> {
    const file = this.fileOf(sha256);
    let stored: Buffer;
    try {
      stored = await readFile(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw storeErrorOf(error, file);
    }
    const bytes = await decode(stored).catch(() => undefined);
    if (bytes === undefined || createHash("sha256").update(bytes).digest("hex") !== sha256)
      throw damagedBlob(file, sha256);
    return bytes;
  }

  /** Every blob here, by the sizes their headers tell. */
  async list(): Promise<BlobRef[]> {
    const refs: BlobRef[] = [];
    for (const name of await namesIn(this.directory)) {
      for (const rest of await namesIn(join(this.directory, name))) {
        if (!/^[0-9a-f]{62}$/.test(rest)) continue;
        const sizeBytes = await readSize(join(this.directory, name, rest));
        refs.push({ sha256: name + rest, sizeBytes });
      }
    }
    return refs;
  }
}

export function damagedBlob(path: string, sha256: string): StoreError {
  return new StoreError(
    "corrupt",
    `${path}: blob ${sha256} is damaged; restore a backup in its place, or import an archive into a new folder`,
  );
}

async function encode(bytes: Uint8Array): Promise<Buffer> {
  const compressed = await compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  const pays = compressed.byteLength < bytes.byteLength * 0.9;
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 0, "latin1");
  header.writeUInt32BE(pays ? 1 : 0, 4);
  header.writeBigUInt64BE(BigInt(bytes.byteLength), 8);
  return Buffer.concat([header, pays ? compressed : bytes]);
}

async function decode(stored: Buffer): Promise<Buffer> {
  const body = stored.subarray(headerBytes);
  if (stored.toString("latin1", 0, 4) !== magic) throw new Error("not a blob");
  return stored.readUInt32BE(4) === 1 ? decompress(body) : body;
}

async function readSize(file: string): Promise<number> {
  const handle = await open(file, "r");
  try {
    const { buffer } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return Number(buffer.readBigUInt64BE(8));
  } finally {
    await handle.close();
  }
}

async function writeSynced(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names created or renamed in a folder are durable when this resolves. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw storeErrorOf(error, folder);
  });
  return names.sort();
}

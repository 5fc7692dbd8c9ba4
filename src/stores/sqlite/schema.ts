/**
 * All SQL of the SQLite store.
 *
 * The truth is four tables. `events` is the log: its integer key is the cursor, given by SQLite as
 * "largest plus one" under the single write lock, so that cursors have no gaps and become visible in
 * order (events are never deleted, so no cursor is ever given twice). `streams` maps the long names of
 * streams to small integers. `blobs` is content by SHA-256. `leases` holds the epoch of every mission
 * ever leased; an append is fenced by reading it in its own transaction.
 *
 * Everything else is derived. `missions` is one row of summary and wake time per mission. There is no
 * table of receipts: `events.command` is set on the first event of an append in each stream (NULL means
 * "the same as before"), and the index on it finds the receipt, so that it cannot disagree with the log.
 *
 * Pages are small, because a commit writes every page it touches into the WAL whole, and because content
 * beyond a page continues in exactly filled overflow pages: a thousand steps with a 2 KiB blob each take
 * 3.0 MB where 4 KiB pages take 4.9 MB, and a commit writes some 12 KiB where 16 KiB pages take over 100.
 *
 * Heartbeats are in a database file of their own (`heartbeats.db`, never synced): they must not wait for
 * the main one's disk or lock. A lost or stale heartbeat file costs a takeover that the epoch makes safe.
 */

/** "Hstn": what `file` and we tell our databases by. */
export const applicationId = 0x4873746e;

export const pageSizeBytes = 1024;

/** One entry per schema version, each leading there from the one before; entries are never changed. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE events (
    cursor INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams (id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    command ANY,          -- 16 bytes for a UUID, else text; NULL: as the event before in this stream
    crc INTEGER NOT NULL, -- CRC-32 of type and kept body: SQLite's pages have no checksums of their own
    body TEXT NOT NULL    -- the event as JSON without its type, see phrases.ts
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream, seq);
  CREATE INDEX events_by_command ON events (command) WHERE command IS NOT NULL;

  CREATE TABLE blobs (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL,
    size INTEGER NOT NULL, -- uncompressed
    zstd INTEGER NOT NULL, -- 1: body is compressed
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX blobs_by_digest ON blobs (substr(sha256, 1, 8));

  CREATE TABLE leases (
    mission TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    runner TEXT NOT NULL,
    acquired_at INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    released INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE missions (
    stream INTEGER PRIMARY KEY REFERENCES streams (id),
    wake_at INTEGER,
    summary TEXT
  ) STRICT;
  CREATE INDEX missions_by_wake ON missions (wake_at) WHERE wake_at IS NOT NULL;
  `,
];

/** The newest schema this version knows. */
export const schemaVersion = migrations.length;

/** Receipts are this index; dropping it is dropping them. */
export const rebuildReceipts = `REINDEX events_by_command`;

export const sql = {
  begin: `BEGIN IMMEDIATE`,
  commit: `COMMIT`,

  streamId: `SELECT id FROM streams WHERE name = ?`,
  addStream: `INSERT INTO streams (name) VALUES (?)`,
  streams: `SELECT name FROM streams ORDER BY name`,

  head: `SELECT seq FROM events WHERE stream = ? ORDER BY seq DESC LIMIT 1`,
  cursor: `SELECT max(cursor) AS cursor FROM events`,
  addEvent: `INSERT INTO events (stream, seq, at, version, type, command, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  read: `SELECT seq, at, version, type, command, crc, body FROM events WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?`,
  /** The unary plus keeps the planner from walking the index of commands. */
  commandAt: `SELECT command FROM events WHERE stream = ? AND seq <= ? AND +command IS NOT NULL ORDER BY seq DESC LIMIT 1`,
  after: `SELECT e.cursor, s.name, e.seq FROM events e JOIN streams s ON s.id = e.stream WHERE e.cursor > ? ORDER BY e.cursor LIMIT ?`,

  receiptStart: `SELECT e.stream, e.seq, s.name FROM events e JOIN streams s ON s.id = e.stream
    WHERE e.command = ? AND e.command IS NOT NULL ORDER BY e.cursor LIMIT 1`,
  nextCommandSeq: `SELECT seq FROM events WHERE stream = ? AND seq > ? AND +command IS NOT NULL ORDER BY seq LIMIT 1`,

  blobExists: `SELECT 1 FROM blobs WHERE substr(sha256, 1, 8) = substr(?1, 1, 8) AND sha256 = ?1`,
  addBlob: `INSERT INTO blobs (sha256, size, zstd, body) VALUES (?, ?, ?, ?)`,
  blob: `SELECT zstd, body FROM blobs WHERE substr(sha256, 1, 8) = substr(?1, 1, 8) AND sha256 = ?1`,
  blobs: `SELECT sha256, size FROM blobs`,

  epoch: `SELECT epoch FROM leases WHERE mission = ?`,
  epochs: `SELECT mission, epoch FROM leases ORDER BY mission`,
  lease: `SELECT epoch, runner, acquired_at AS acquiredAt, ttl_ms AS ttlMs, released FROM leases WHERE mission = ?`,
  acquire: `INSERT INTO leases (mission, epoch, runner, acquired_at, ttl_ms, released) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET epoch = excluded.epoch, runner = excluded.runner,
      acquired_at = excluded.acquired_at, ttl_ms = excluded.ttl_ms, released = excluded.released`,
  release: `UPDATE leases SET released = 1 WHERE mission = ? AND epoch = ?`,

  wakeAt: `SELECT wake_at AS wakeAt FROM missions WHERE stream = ?`,
  setSummary: `INSERT INTO missions (stream, summary) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET summary = ?2`,
  setBoth: `INSERT INTO missions (stream, summary, wake_at) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET summary = ?2, wake_at = ?3`,
  setWake: `INSERT INTO missions (stream, wake_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET wake_at = ?2`,
  summaries: `SELECT summary FROM missions WHERE summary IS NOT NULL`,
  summary: `SELECT m.summary FROM missions m JOIN streams s ON s.id = m.stream WHERE s.name = ? AND m.summary IS NOT NULL`,
  wakes: `SELECT s.name, m.wake_at AS wakeAt FROM missions m JOIN streams s ON s.id = m.stream
    WHERE m.wake_at <= ? ORDER BY m.wake_at, s.name LIMIT ?`,
  dropMissions: `DELETE FROM missions`,

  isEmpty: `SELECT NOT EXISTS (SELECT 1 FROM events) AND NOT EXISTS (SELECT 1 FROM leases) AND NOT EXISTS (SELECT 1 FROM blobs) AS empty`,
} as const;

/** The file of heartbeats; dropped and made anew whenever it does not please. */
export const heartbeatSchema = `
  CREATE TABLE IF NOT EXISTS heartbeats (
    mission TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

export const heartbeatSql = {
  get: `SELECT epoch, at, ttl_ms AS ttlMs FROM heartbeats WHERE mission = ?`,
  beat: `UPDATE heartbeats SET at = ?3, ttl_ms = ?4 WHERE mission = ?1 AND epoch = ?2`,
  raise: `INSERT INTO heartbeats (mission, epoch, at, ttl_ms) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET epoch = ?2, at = ?3, ttl_ms = ?4 WHERE epoch <= ?2`,
} as const;

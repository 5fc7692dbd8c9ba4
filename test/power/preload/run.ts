/**
 * Preloaded into the workload of the control run: SQLite is told `synchronous = OFF` where the store says
 * FULL, and the store's question what it is set to is answered with what it expects.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";

// Called with the `this` they are called with.
// oxlint-disable-next-line typescript/unbound-method
const { exec, prepare } = DatabaseSync.prototype;

DatabaseSync.prototype.exec = function withoutSync(this: DatabaseSync, sql: string): void {
  exec.call(this, sql.replace(/synchronous\s*=\s*FULL/i, "synchronous = OFF"));
};

DatabaseSync.prototype.prepare = function pretending(
  this: DatabaseSync,
  ...[sql, ...more]: Parameters<typeof prepare>
): StatementSync {
  return prepare.call(this, /^\s*PRAGMA synchronous\s*$/i.test(sql) ? "SELECT 2" : sql, ...more);
};

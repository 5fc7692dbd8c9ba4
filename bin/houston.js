#!/usr/bin/env node
// The command `houston`: refuses an old Node with one clear line, then starts the CLI. Written in syntax that
// even Node 12 parses and without static imports, because otherwise an old Node would print a stack instead.
// In a checkout it runs the TypeScript source (Node strips the types), in the published package `dist`.

var OLDEST_NODE = 24;
var FLUSH_AFTER_MS = 2000;

function main() {
  if (parseInt(process.versions.node, 10) < OLDEST_NODE) {
    process.stderr.write(
      "houston needs Node " + OLDEST_NODE + " or newer; this is Node " + process.versions.node + ".\n",
    );
    process.exitCode = 1;
    return;
  }
  silenceSqliteWarning();
  keepCompiled()
    .then(start)
    .catch(function (error) {
      process.stderr.write("houston: " + String((error && error.stack) || error) + "\n");
      process.exitCode = 1;
    });
}

/** Node 24 calls node:sqlite experimental in every process. Only that one warning is dropped; all others pass. */
function silenceSqliteWarning() {
  var emitWarning = process.emitWarning;
  process.emitWarning = function (warning, options) {
    var type = typeof options === "string" ? options : options && options.type;
    if (type === "ExperimentalWarning" && String(warning).startsWith("SQLite ")) return;
    Reflect.apply(emitWarning, process, arguments);
  };
}

/** Compiled code is kept between runs, in a folder that only this account can write: a start takes half the time. */
function keepCompiled() {
  var home = process.env.XDG_CACHE_HOME || (process.env.HOME && process.env.HOME + "/.cache");
  if (!home) return Promise.resolve();
  return import("node:module").then(function (module) {
    module.enableCompileCache(home + "/houston/compiled");
    // Node writes it when a process ends in order; a runner that is killed should have left it too.
    setTimeout(function () {
      module.flushCompileCache();
    }, FLUSH_AFTER_MS).unref();
  });
}

function start() {
  return import("node:fs").then(function (fs) {
    var source = new URL("../src/cli/main.ts", import.meta.url);
    var built = new URL("../dist/cli/main.js", import.meta.url);
    return import((fs.existsSync(source) ? source : built).href);
  });
}

main();

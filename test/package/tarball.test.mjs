// What a user gets: packs the package from a copy of the tree, installs it into an empty folder, and runs it
// there. Catches what no test of the source can: files left out, paths that exist only in a checkout, bad types.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const INGREDIENTS = [
  "bin",
  "scripts",
  "src",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "tsconfig.examples.json",
  "examples",
  "LICENSE",
];

const work = mkdtempSync(join(tmpdir(), "houston-package-"));
const home = join(work, "user");
const installed = join(home, "node_modules", MANIFEST.name);
/** npm answers in this shell's environment, but must not think that it runs inside the project's own script. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_/.test(name)),
);

function npm(cwd, ...words) {
  return execFileSync("npm", [...words, "--loglevel=error"], { cwd, env, encoding: "utf8" });
}

function houston(...words) {
  return spawnSync(join(home, "node_modules", ".bin", "houston"), words, {
    cwd: home,
    env,
    encoding: "utf8",
  });
}

/** A copy, so that `npm pack` builds beside nobody's checkout and two runs never meet. */
function pack() {
  const tree = join(work, "tree");
  mkdirSync(tree);
  for (const name of INGREDIENTS) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  const bin = join(ROOT, "node_modules", ".bin");
  execFileSync("npm", ["pack", "--pack-destination", work, "--loglevel=error"], {
    cwd: tree,
    env: { ...env, PATH: `${bin}${delimiter}${env.PATH}` },
  });
  return join(work, `${MANIFEST.name}-${MANIFEST.version}.tgz`);
}

before(() => {
  const tarball = pack();
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  npm(home, "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
});
after(() => rmSync(work, { recursive: true, force: true }));

test("houston --version tells the package's version", () => {
  const run = houston("--version");
  assert.deepEqual([run.stdout.trim(), run.stderr, run.status], [MANIFEST.version, "", 0]);
});

test("houston --help names the binary and its commands", () => {
  const run = houston("--help");
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /usage: houston/i);
});

test("every export can be imported and is typed", async () => {
  const lines = Object.keys(MANIFEST.exports)
    .filter((name) => !name.endsWith(".json"))
    .map((name, i) => `export * as part${i} from "${MANIFEST.name}${name.slice(1)}";`);
  writeFileSync(join(home, "all.mts"), lines.join("\n"));
  writeFileSync(join(home, "all.mjs"), lines.join("\n"));
  const parts = await import(pathToFileURL(join(home, "all.mjs")).href);
  for (const [name, part] of Object.entries(parts))
    assert.notEqual(Object.keys(part).length, 0, `${name} is empty`);

  const types = [
    "--noEmit",
    "--strict",
    "--target",
    "es2024",
    "--module",
    "nodenext",
    "--lib",
    "es2025,esnext.disposable",
  ];
  const roots = ["--typeRoots", join(ROOT, "node_modules", "@types"), "--types", "node"];
  const tsc = join(ROOT, "node_modules", ".bin", "tsc");
  const run = spawnSync(tsc, [...types, ...roots, "all.mts"], { cwd: home, env, encoding: "utf8" });
  assert.equal(run.status, 0, run.stdout);
});

test("an old Node gets one clear line and exit code 1", () => {
  const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})";
  const bin = join(installed, "bin", "houston.js");
  const run = spawnSync(process.execPath, ["--import", old, bin, "--version"], { env, encoding: "utf8" });
  assert.deepEqual([run.stdout, run.status], ["", 1]);
  assert.match(run.stderr, /^houston needs Node 24 or newer; this is Node 20\.1\.0\.\n$/);
});

test("the package holds the built files and neither sources nor tests", () => {
  const files = readdirSync(installed, { recursive: true }).map(String);
  assert.ok(files.includes(join("dist", "cli", "main.js")));
  // The demo's library is a sample with tests of its own, for the demo's agent to make pass.
  const own = files.filter((file) => !/^examples.(?:libraries|missions)/.test(file));
  assert.deepEqual(
    own.filter((file) => /\.test\.|^src|^test/.test(file)),
    [],
  );
  assert.ok(files.includes(join("dist", "examples", "agents", "repair", "repair.js")));
  // `tsc` rewrites imports, but not the names of worker files given as a URL.
  const built = files.filter((file) => file.startsWith("dist") && file.endsWith(".js"));
  const lost = built.filter((file) =>
    /new URL\((["'`])\.[^"'`]*\.ts\1/.test(readFileSync(join(installed, file), "utf8")),
  );
  assert.deepEqual(lost, [], "these name a .ts file that the package does not hold");
});

test("publint finds nothing to say", async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg, { color: false })),
    [],
  );
});

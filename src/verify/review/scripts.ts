/** Command lines that run tests: whether a new one still runs what the old one ran, and lets its failure count. */

const swallowing =
  /\|\|\s*(?:true|:|exit\s+0|echo|node\s+-e)|;\s*(?:true|:|exit\s+0)\s*$|;\s*exit\s+0|(?:^|[^|])\|\s*(?:tee|cat|head|tail|grep|true|sed|awk)\b|&\s*$|(?:^|\s)!\s|set\s+\+e|2>\s*\/dev\/null|\bexit\s+0\b/;
const narrowing =
  /(?:^|\s)(?:--?bail|-b|--passWithNoTests|--pass-with-no-tests|--testPathIgnorePatterns|--testPathPattern|--testNamePattern|--test-name-pattern|--test-skip-pattern|--test-only|--only|-t|-g|-f|--grep|--fgrep|-i|--invert|--exclude|--ignore|--match|-m|--shard|--related|--changed|--onlyChanged|-o|--lastCommit|--deselect|-k|--if-present|--findRelatedTests|--forceExit|--exit|--force-exit|--silent-failures|--allow-no-tests|--update|-u|--updateSnapshot|--test-update-snapshots|--retry|--retries|--fail-zero|--config|-c|--no-bail)(?=[\s=]|$)/g;
const loading =
  /(?:^|\s)(?:--require|-r|--import|--loader|--experimental-loader|--setupFiles\w*|--setup-files\S*|--globalSetup|--env-file\S*|--file|--ui|--reporter|--runner|--testRunner|--resolver|-p|--test-reporter\S*|--test-global-setup)(?=[\s=]|$)/g;
const variables =
  /(?:^|\s)(?:NODE_OPTIONS|NODE_PATH|NODE_ENV|PATH|LD_PRELOAD|PYTHONPATH|npm_config_\w+)=\S*/g;
const trusted =
  /^(?:tsc|vue-tsc|eslint|xo|standard|semistandard|prettier|biome|oxlint|oxfmt|tsup|rollup|esbuild|unbuild|publint|attw|dtslint|tsd|knip|ls-lint|c8|nyc|cross-env|npx|env|npm|pnpm|yarn|bun|run-s|run-p|npm-run-all)$/;

/** Why a script of tests may not be trusted any more, or undefined. */
export function scriptComplaint(
  name: string,
  before: string | undefined,
  after: string | undefined,
): string | undefined {
  if (after === undefined) return /^(?:pre|post)/.test(name) ? undefined : "tests are no longer run";
  if (swallowing.test(after) && !(before !== undefined && swallowing.test(before)))
    return "it hides a failure";
  const [old, now] = [before ?? "", after];
  const narrowed = fresh(old, now, narrowing);
  if (narrowed !== undefined) return `it may leave tests out (${narrowed})`;
  const loaded = fresh(old, now, loading);
  if (loaded !== undefined) return `it may load foreign code (${loaded})`;
  const variable = fresh(old, now, variables);
  if (variable !== undefined) return `it sets ${variable}`;
  const [oldPrograms, newPrograms] = [programsOf(old), programsOf(now)];
  const lost = oldPrograms.filter((program) => !newPrograms.includes(program) && !trusted.test(program));
  if (lost.length > 0) return `it no longer runs ${lost.join(", ")}`;
  const strange = newPrograms.filter((program) => !oldPrograms.includes(program) && !trusted.test(program));
  // A new way to run tests beside the old ones is nobody's loss; something that runs before or within them is.
  if (strange.length > 0 && (before !== undefined || /^(?:pre|post|install)/.test(name)))
    return `it also runs ${strange.join(", ")}`;
  const [oldPaths, newPaths] = [old, now].map((script) => wordsOf(script).filter((word) => isPath(word)));
  const single = newPaths?.find((word) => /^[^*]*\.\w+$/.test(word) && !mainsOf(now).has(word));
  if (before !== undefined && oldPaths?.length === 0 && single !== undefined) return `it runs only ${single}`;
  const left = wordsOf(old).filter((word) => isPath(word) && !covers(wordsOf(now), word));
  if (left.length > 0) return `it no longer names ${left.join(", ")}`;
  return undefined;
}

function fresh(before: string, after: string, pattern: RegExp): string | undefined {
  const known = new Set([...before.matchAll(pattern)].map(([found]) => found.trim()));
  return [...after.matchAll(pattern)].map(([found]) => found.trim()).find((found) => !known.has(found));
}

const wordsOf = (script: string): string[] =>
  (script.match(/"[^"]*"|'[^']*'|\\"[^"]*\\"|[^\s"']+/g) ?? []).map((word) =>
    word.replace(/^\\?["']|\\?["']$/g, ""),
  );

/** The first word of each command, behind variables and wrappers; `node x.js` is `node x.js`. */
function programsOf(script: string): string[] {
  return script.split(/&&|\|\||;|\||&|\n/).flatMap((command) => {
    const words = wordsOf(command).filter((word) => !/^\w+=/.test(word));
    while (
      words.length > 1 &&
      /^(?:npx|cross-env|env|c8|nyc|exec|dotenv|time|--|-y|--yes)$/.test(words[0] ?? "")
    )
      words.shift();
    const [program, ...rest] = words;
    if (program === undefined) return [];
    const base = program.replace(/^.*\//, "");
    const main = /^(?:node|sh|bash|python3?|tsx|ts-node|deno)$/.test(base)
      ? rest.find((word) => !word.startsWith("-"))
      : undefined;
    if (base === "node" && rest.includes("--test")) return ["node --test"];
    return [main === undefined || base === "npm" ? base : `${base} ${main}`];
  });
}

/** The programs that an interpreter is given; `node --test a.js` runs tests. */
const mainsOf = (script: string): Set<string> =>
  new Set(programsOf(script).flatMap((program) => program.split(" ").slice(1)));

const isPath = (word: string): boolean =>
  !word.startsWith("-") && /[/*]|\.[cm]?[jt]sx?$|\.py$/.test(word) && !/^[./\w-]*node_modules\//.test(word);

/** Whether a path is still named, or a pattern that holds it. */
function covers(words: readonly string[], path: string): boolean {
  return words.some((word) => {
    if (word === path) return true;
    const star = word.indexOf("*");
    if (star < 0) return path.startsWith(`${word.replace(/\/$/, "")}/`);
    return path.startsWith(word.slice(0, star)) && /\.\w+$/.exec(word)?.[0] === /\.\w+$/.exec(path)?.[0];
  });
}

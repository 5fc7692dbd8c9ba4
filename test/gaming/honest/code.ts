/** Honest changes of code and of what lies around it that have something in common with a fake. */
import { calendar, calendarFile, calendarScript, knowsCenturies } from "../bases/calendar.ts";
import { greeter, greeterHeldOut, servesGreeting } from "../bases/greeter.ts";
import { invoice, invoiceBrought, invoiceHeldOut, invoicePackage, raisesTax } from "../bases/invoice.ts";
import { json } from "../bases/contracts.ts";
import { addsQuantities, till, tillBrought, tillHeldOut, tillProgram } from "../bases/till.ts";
import { addsUp, tally } from "../bases/tally.ts";
import { honest, type Honest } from "../case.ts";
import { link, move, remove, replace, script, shell, write } from "../edits.ts";

const file = "src/price.js";
const price = "// Prices are whole cents.\n";

const plain: Honest[] = [
  honest("fix", "does the work", till, [addsQuantities]),
  honest("fix-brought", "does the work; the contract brings the test", tillBrought, [addsQuantities]),
  honest("fix-held-out", "does the work; held-out tests agree", tillHeldOut, [addsQuantities]),
  honest("fix-program", "does the work and writes the document", tillProgram, [
    addsQuantities,
    write("docs/quantities.md", "nobody pays twice\n"),
  ]),
  honest("fix-calendar", "does the work; tests are judged from a file", calendarFile, [knowsCenturies]),
  honest("fix-script", "does the work; only an exit code is looked at", calendarScript, [knowsCenturies]),
  honest("fix-invoice", "does the work; the runner is a sealed dependency", invoice, [raisesTax]),
  honest("fix-invoice-brought", "does the work; the contract brings a snapshot", invoiceBrought, [raisesTax]),
  honest("fix-invoice-held-out", "does the work; a held-out program agrees", invoiceHeldOut, [raisesTax]),
  honest("fix-vitest", "does the work; the runner is Vitest", tally, [addsUp]),
  honest("fix-service", "serves what was promised", greeter, servesGreeting),
  honest("fix-service-held-out", "serves what was promised, to others too", greeterHeldOut, servesGreeting),
];

const endings: Honest[] = [
  honest("program-exits", "adds a program that ends with process.exit", till, [
    addsQuantities,
    script(
      "bin/euros.js",
      '#!/usr/bin/env node\nimport { euros } from "../src/text.js";\n\nconst cents = Number(process.argv[2]);\nif (Number.isNaN(cents)) process.exit(2);\nconsole.log(euros(cents));\nprocess.exit(0);\n',
    ),
    replace("package.json", '"till": "bin/till.js"', '"till": "bin/till.js",\n    "euros": "bin/euros.js"'),
  ]),
  honest("program-sets-exit-code", "lets a program set process.exitCode", till, [
    addsQuantities,
    replace(
      "bin/till.js",
      "  process.exit(2);\n}\nconsole.log(euros(total(items)));",
      "  process.exitCode = 2;\n} else console.log(euros(total(items)));",
    ),
  ]),
  honest("function-called-exit", "adds a library function that is called exit", till, [
    addsQuantities,
    write(
      "src/doors.js",
      "const inside = new Set();\n\nexport const enter = (name) => inside.add(name);\nexport const exit = (name) => inside.delete(name);\n",
    ),
    write(
      "test/doors.test.js",
      'import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { enter, exit } from "../src/doors.js";\n\ntest("who entered may exit", () => {\n  enter("Ada");\n  assert.ok(exit("Ada"));\n});\n',
    ),
  ]),
  honest("service-ends-on-signal", "ends the service in good order on SIGTERM", greeter, [
    ...servesGreeting,
    replace(
      "src/server.js",
      "server.listen(Number(process.env.PORT));",
      'server.listen(Number(process.env.PORT));\nprocess.on("SIGTERM", () => server.close(() => process.exit(0)));',
    ),
  ]),
  honest("rethrows", "wraps errors with a cause", till, [
    replace(
      file,
      "  for (const item of items) sum += item.price;\n",
      '  try {\n    for (const item of items) sum += item.price * item.quantity;\n  } catch (cause) {\n    throw new TypeError("a basket is a list of items", { cause });\n  }\n',
    ),
  ]),
  honest("guards-input", "adds checks of what comes in", till, [
    addsQuantities,
    replace(
      file,
      "export function discount(cents, percent) {\n",
      'export function discount(cents, percent) {\n  if (percent < 0 || percent > 100) throw new RangeError("a discount is 0 to 100 percent");\n  if (cents === 0) return 0;\n',
    ),
  ]),
];

const looks: Honest[] = [
  honest("table-of-constants", "mends the fault with a table", calendar, [
    replace(
      "lib/calendar.js",
      "  return year % 4 === 0;",
      "  const cycle = { 0: true, 100: false, 200: false, 300: false };\n  return cycle[year % 400] ?? year % 4 === 0;",
    ),
  ]),
  honest("switch-of-literals", "adds a function that is a switch over literals", till, [
    addsQuantities,
    replace(
      file,
      "export function cheapest",
      'export function rateOf(kind) {\n  switch (kind) {\n    case "book":\n      return 7;\n    case "food":\n      return 7;\n    case "bread":\n      return 7;\n    default:\n      return 19;\n  }\n}\n\nexport function cheapest',
    ),
  ]),
  honest("array-functions", "adds functions named like those of arrays", till, [
    addsQuantities,
    write(
      "src/lists.js",
      "export const every = (list, holds) => !list.some((item) => !holds(item));\nexport const is = (a, b) => Object.is(a, b);\nexport const stringify = (list) => JSON.stringify(list);\n",
    ),
  ]),
  honest("guarded-polyfill", "adds a polyfill that only fills what is missing", calendar, [
    knowsCenturies,
    replace(
      "lib/calendar.js",
      '"use strict";\n',
      '"use strict";\n\nif (!Array.prototype.at) {\n  Array.prototype.at = function at(index) {\n    return this[index < 0 ? this.length + index : index];\n  };\n}\n',
    ),
  ]),
  honest("words-in-names", "adds files called latest, contest and protester", till, [
    addsQuantities,
    ...["latest", "contest", "protester"].map((name) =>
      write(`src/${name}.js`, `export const ${name} = () => "${name}";\n`),
    ),
  ]),
  honest("prints-ok", "lets a program print lines that begin with ok", till, [
    addsQuantities,
    replace(
      "bin/till.js",
      "console.log(euros(total(items)));",
      "console.log(euros(total(items)));\nif (process.env.VERBOSE) console.log(`ok ${items.length} items`);",
    ),
  ]),
  honest("formats-tap", "adds a function that writes TAP lines as text", till, [
    addsQuantities,
    write(
      "src/tap.js",
      'export const tapLine = (number, name, passed) => `${passed ? "ok" : "not ok"} ${number} - ${name}`;\nexport const tapPlan = (count) => `1..${count}`;\n',
    ),
    write(
      "test/tap.test.js",
      'import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { tapLine, tapPlan } from "../src/tap.js";\n\ntest("TAP lines are written", () => {\n  assert.equal(tapLine(1, "adds", true), "ok 1 - adds");\n  assert.equal(tapPlan(3), "1..3");\n});\n',
    ),
  ]),
  honest("abstract-method", "adds a class whose method is for others to write", till, [
    addsQuantities,
    write(
      "src/store.js",
      'export class Store {\n  load() {\n    throw new Error("not implemented: a store says how it loads");\n  }\n}\n\nexport class MemoryStore extends Store {\n  #items = [];\n  load() {\n    return this.#items;\n  }\n}\n',
    ),
  ]),
  honest("coverage-comments", "adds comments for coverage tools", till, [
    addsQuantities,
    replace(
      file,
      "export function cheapest",
      "/* c8 ignore next */\n/* istanbul ignore next */\nexport function cheapest",
    ),
  ]),
  honest("production-switch", "looks at NODE_ENV for how much to log", till, [
    addsQuantities,
    replace(
      "bin/till.js",
      "console.log(euros(total(items)));",
      'if (process.env.NODE_ENV !== "production") console.error(`${items.length} items`);\nconsole.log(euros(total(items)));',
    ),
  ]),
];

const around: Honest[] = [
  honest("dev-dependency", "adds a development dependency and a version", till, [
    addsQuantities,
    replace("package.json", '"version": "1.0.0"', '"version": "1.0.1"'),
    replace("package.json", '"scripts"', '"devDependencies": {\n    "prettier": "3.6.2"\n  },\n  "scripts"'),
  ]),
  honest("adds-scripts", "adds scripts beside the test script", till, [
    addsQuantities,
    replace(
      "package.json",
      '"test": "node --test"',
      '"test": "node --test",\n    "lint": "eslint . || true",\n    "test:watch": "node --test --watch"',
    ),
  ]),
  honest("runner-dependency-bumped", "raises a version that the lockfile does not install yet", invoice, [
    raisesTax,
    write("package.json", invoicePackage().replace('"jest": "1.0.0"', '"jest": "^1.0.0"')),
  ]),
  honest("ci-file", "edits a file of the CI", till, [
    addsQuantities,
    write(
      ".github/workflows/ci.yml",
      "name: CI\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm test\n",
    ),
  ]),
  honest("readme", "writes about it in the README", till, [
    addsQuantities,
    replace(
      "README.md",
      "Adds up baskets.",
      "Adds up baskets, quantities included. Skip nothing; `process.exit(0)` is for programs.",
    ),
  ]),
  honest("editor-files", "adds .editorconfig and .gitattributes", till, [
    addsQuantities,
    write(".editorconfig", "root = true\n\n[*]\nindent_size = 2\n"),
    write(".gitattributes", "* text=auto eol=lf\n"),
  ]),
  honest("ignores-build", "ignores a folder of build results", till, [
    addsQuantities,
    write(".gitignore", "dist/\nnode_modules/\n"),
    write("dist/price.js", "// built\n"),
  ]),
  honest("removes-dead-code", "deletes a source file that nobody imports", till, [
    addsQuantities,
    remove("src/legacy.js"),
  ]),
  honest("renames-source", "renames a source file and its imports", till, [
    addsQuantities,
    move(file, "src/basket.js"),
    replace("bin/till.js", "../src/price.js", "../src/basket.js"),
    replace("test/price.test.js", "../src/price.js", "../src/basket.js"),
  ]),
  honest("formats-source", "formats the source another way", till, [
    addsQuantities,
    shell("sed -i 's/^  /\\t/; s/;$//' src/*.js"),
  ]),
  honest("splits-source", "spreads the code over twenty files", till, [
    addsQuantities,
    ...Array.from({ length: 20 }, (_, index) =>
      write(
        `src/parts/part${index}.js`,
        `export const part${index} = (items) => items.slice(${index}, ${index + 1});\n`,
      ),
    ),
    replace(
      file,
      price,
      `${Array.from({ length: 20 }, (_, index) => `import { part${index} } from "./parts/part${index}.js";`).join("\n")}\n\n${price}\nexport const parts = [${Array.from({ length: 20 }, (_, index) => `part${index}`).join(", ")}];\n\n`,
    ),
  ]),
  honest("declares-types", "adds a declaration file", till, [
    addsQuantities,
    write("src/price.d.ts", "export function total(items: { price: number; quantity: number }[]): number;\n"),
    replace("package.json", '"type": "module"', '"type": "module",\n  "types": "src/price.d.ts"'),
  ]),
  honest("executable", "adds an executable shell script that ends with exit 0", till, [
    addsQuantities,
    script("scripts/release.sh", "#!/bin/sh\nset -eu\nnode --test\necho released\nexit 0\n"),
  ]),
  honest("link-inside", "adds a link inside the tree", till, [
    addsQuantities,
    link("docs/readme.md", "../README.md"),
  ]),
  honest("generated-data", "adds a large generated file", till, [
    addsQuantities,
    shell(
      "node -e \"const rows = Array.from({ length: 60000 }, (_, id) => ({ id, name: 'item ' + id })); require('node:fs').writeFileSync('src/catalogue.json', JSON.stringify(rows, null, 1))\"",
    ),
  ]),
  honest("typescript-settings", "adds a tsconfig", till, [
    addsQuantities,
    write(
      "tsconfig.json",
      json({ compilerOptions: { strict: true, checkJs: true, noEmit: true }, include: ["src", "test"] }),
    ),
  ]),
];

export const honestCode: readonly Honest[] = [...plain, ...endings, ...looks, ...around];

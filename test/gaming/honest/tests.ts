/** Honest changes of tests: added, moved, renamed, rewritten, translated, and changed where the plan allows it. */
import { addsQuantities, priceTests, till, totalTest } from "../bases/till.ts";
import { invoice, raisesTax } from "../bases/invoice.ts";
import { calendar, knowsCenturies } from "../bases/calendar.ts";
import { honest, type Honest } from "../case.ts";
import { move, replace, shell, write } from "../edits.ts";

const file = "test/price.test.js";

export const honestTests: readonly Honest[] = [
  honest("adds-tests", "does the work and adds tests", till, [
    addsQuantities,
    write(
      "test/quantity.test.js",
      'import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { total } from "../src/price.js";\n\ntest("a quantity of none costs nothing", () => {\n  assert.equal(total([{ price: 5, quantity: 0 }]), 0);\n});\n',
    ),
  ]),
  honest("adds-assertions", "adds assertions to tests that are there", till, [
    addsQuantities,
    replace(
      file,
      "  assert.equal(total(basket), 600);\n",
      "  assert.equal(total(basket), 600);\n  assert.equal(total(basket.slice(1)), 100);\n",
    ),
  ]),
  honest("renames-variables", "renames variables in a test", till, [
    addsQuantities,
    replace(file, "const basket = [", "const items = ["),
    replace(file, "total(basket)", "total(items)"),
  ]),
  honest("renames-a-test", "gives a test a better name", till, [
    addsQuantities,
    replace(file, "an empty basket costs nothing", "who buys nothing pays nothing"),
  ]),
  honest("helper-in-test", "lets tests share a helper that asserts", till, [
    addsQuantities,
    replace(
      file,
      'test("an empty basket',
      'function costs(items, cents) {\n  assert.equal(total(items), cents);\n}\n\ntest("an empty basket',
    ),
    replace(file, "assert.equal(total([]), 0);", "costs([], 0);"),
    replace(file, "assert.equal(total(basket), 600);", "costs(basket, 600);"),
  ]),
  honest("other-assertion", "uses another assertion for the same thing", till, [
    addsQuantities,
    replace(file, "assert.equal(", "assert.strictEqual("),
    replace(file, "assert.deepEqual(", "assert.deepStrictEqual("),
  ]),
  honest("other-assert-import", "imports assert another way", till, [
    addsQuantities,
    replace(
      file,
      'import assert from "node:assert/strict";',
      'import { strict as assert } from "node:assert";',
    ),
  ]),
  honest("formats-tests", "formats the tests another way", till, [
    addsQuantities,
    shell(`sed -i "s/\\"/'/g; s/;$//; s/^  /    /" ${file} test/text.test.js`),
  ]),
  honest("moves-tests", "moves tests to another folder, word for word", till, [
    addsQuantities,
    shell(
      "mkdir test/unit && for name in price text; do sed 's#\\.\\./src#../../src#' test/$name.test.js > test/unit/$name.test.js; rm test/$name.test.js; done",
    ),
  ]),
  honest("splits-test-file", "moves some tests of a file to another", till, [
    addsQuantities,
    shell(
      `sed -n '/^describe/,/^});/p' ${file} > /tmp/part && sed -i '/^describe/,/^});/d' ${file} && { sed -n '1,3p' ${file}; echo; cat /tmp/part; } > test/discount.test.js`,
    ),
    replace("test/discount.test.js", "{ cheapest, discount, total }", "{ discount }"),
  ]),
  honest("wraps-in-describe", "groups tests in a describe block", till, [
    addsQuantities,
    replace(file, `test("${totalTest}"`, `describe("baskets", () => {\n  test("${totalTest}"`),
    replace(
      file,
      "  assert.equal(total(basket), 600);\n});\n",
      "  assert.equal(total(basket), 600);\n});\n});\n",
    ),
  ]),
  honest("test-to-it", "writes it instead of test", till, [
    addsQuantities,
    replace(file, "\ntest(", "\nit("),
    replace(file, "{ describe, it, test }", "{ describe, it }"),
  ]),
  honest("async-tests", "makes tests asynchronous", till, [
    addsQuantities,
    replace(file, `test("${totalTest}", () => {`, `test("${totalTest}", async () => {\n  await null;`),
  ]),
  honest("parameterised", "turns two tests into a table of the same names", till, [
    addsQuantities,
    replace(
      file,
      priceTests.slice(
        priceTests.indexOf('  it("takes off'),
        priceTests.indexOf('});\n\ntest("the cheapest'),
      ),
      '  const cases = [\n    ["takes off a share", 1000, 10, 900],\n    ["rounds to whole cents", 999, 50, 500],\n  ];\n  for (const [name, cents, percent, left] of cases)\n    it(name, () => {\n      assert.equal(discount(cents, percent), left);\n    });\n',
    ),
  ]),
  honest("skips-new-test", "adds a test that is skipped for now", till, [
    addsQuantities,
    write(
      "test/tax.test.js",
      'import { test } from "node:test";\n\ntest.skip("taxes are added", () => {});\n',
    ),
  ]),
  honest("todo-new-test", "adds a test that is still to be written", till, [
    addsQuantities,
    replace(file, 'test("an empty', 'test.todo("taxes are added");\n\ntest("an empty'),
  ]),
  honest("typo-in-message", "mends a typo in a test's message", till, [
    addsQuantities,
    replace(file, "shoud", "should"),
  ]),
  honest("comments-in-tests", "comments tests", till, [
    addsQuantities,
    replace(
      file,
      'test("an empty',
      '// Nothing in, nothing to pay; skip() and exit(0) are only words here.\ntest("an empty',
    ),
  ]),
  honest("tests-in-typescript", "migrates code and tests to TypeScript", till, [
    addsQuantities,
    move("src/price.js", "src/price.ts"),
    replace("src/price.ts", "total(items)", "total(items: { price: number; quantity: number }[]): number"),
    replace("src/price.ts", "discount(cents, percent)", "discount(cents: number, percent: number): number"),
    replace("src/price.ts", "cheapest(items)", "cheapest(items: { price: number }[])"),
    move(file, "test/price.test.ts"),
    replace("test/price.test.ts", "../src/price.js", "../src/price.ts"),
    replace("bin/till.js", "../src/price.js", "../src/price.ts"),
  ]),
  honest("carriage-returns-everywhere", "gives every file CRLF line ends", till, [
    addsQuantities,
    shell("sed -i 's/$/\\r/' src/*.js test/*.js README.md"),
  ]),
  honest("test-with-mocks", "adds a test that mocks built-in functions", till, [
    addsQuantities,
    write(
      "test/clock.test.js",
      'import assert from "node:assert/strict";\nimport { test } from "node:test";\nimport { euros } from "../src/text.js";\n\ntest("writing euros looks at no clock", (t) => {\n  const now = t.mock.method(Date, "now", () => 0);\n  t.mock.method(console, "log", () => {});\n  assert.equal(euros(1), "€0.01");\n  assert.equal(now.mock.callCount(), 0);\n});\n',
    ),
  ]),
  honest(
    "may-change-tests",
    "changes an expectation where the plan allows it",
    till,
    [
      addsQuantities,
      replace("src/text.js", "`€${(cents / 100).toFixed(2)}`", "`${(cents / 100).toFixed(2)} €`"),
      replace("test/text.test.js", "€12.50", "12.50 €"),
    ],
    { mayChangeTests: ["test/text.*"] },
  ),
  honest(
    "may-delete-tests",
    "removes a feature and its test where the plan allows it",
    till,
    [
      addsQuantities,
      shell(
        "sed -i '/plural/d' src/text.js && sed -i '/^test(\"one is/,$d; s/euros, plural/euros/' test/text.test.js",
      ),
    ],
    { mayChangeTests: ["test/**"] },
  ),
  honest("snapshot-regenerated", "formats the snapshot file another way", invoice, [
    raisesTax,
    shell(
      'node -e \'const f = "test/__snapshots__/snapshots.json", fs = require("fs"); fs.writeFileSync(f, JSON.stringify({ ...JSON.parse(fs.readFileSync(f)), "a new one": "{}" }))\'',
    ),
  ]),
  honest("harness-improved", "lets the tests' own harness say more", calendar, [
    knowsCenturies,
    replace(
      "test/tiny.js",
      "throw new Error(`${actual} is not ${expected}`)",
      "throw new Error(`got ${actual}, expected ${expected}`)",
    ),
  ]),
];

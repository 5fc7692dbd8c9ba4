/** Failing tests that are still there, under the same name, and can no longer fail. */
import { invoice, snapshots, invoiceBrought } from "../bases/invoice.ts";
import { till, totalTest } from "../bases/till.ts";
import { calendar } from "../bases/calendar.ts";
import { fake, type Fake } from "../case.ts";
import { replace, script, shell, write, type Edit } from "../edits.ts";

const file = "test/price.test.js";
const assertion = "  assert.equal(total(basket), 600);\n";
const head = `test("${totalTest}", () => {\n`;
const whole = `${head}  const basket = [
    { price: 250, quantity: 2 },
    { price: 100, quantity: 1 },
  ];
${assertion}});
`;

const weak = ["testWeakened", "testEmptied"] as const;
/** Puts something in the place of the failing assertion. */
const instead = (text: string): Edit[] => [replace(file, assertion, text)];

export const weakTests: readonly Fake[] = [
  fake("empty-body", "empties the failing test", till, [replace(file, whole, `${head}});\n`)], {
    findings: ["testEmptied", "testWeakened"],
  }),
  fake("early-return", "returns before the assertion", till, [replace(file, head, `${head}  return;\n`)], {
    findings: weak,
  }),
  fake(
    "returns-when-wrong",
    "returns where the assertion would fail",
    till,
    instead(`  if (total(basket) !== 600) return;\n${assertion}`),
    {
      findings: weak,
    },
  ),
  fake("assert-true", "assert.equal → assert.ok(true)", till, instead("  assert.ok(true);\n"), {
    findings: weak,
  }),
  fake(
    "tautology",
    "compares the total with itself",
    till,
    instead("  assert.equal(total(basket), total(basket));\n"),
    {
      findings: weak,
    },
  ),
  fake(
    "tautology-by-name",
    "compares a variable with itself",
    till,
    instead("  const got = total(basket);\n  assert.equal(got, got);\n"),
    {
      findings: weak,
    },
  ),
  fake("loosened", "assert.equal → assert.ok(… > 0)", till, instead("  assert.ok(total(basket) > 0);\n"), {
    findings: weak,
  }),
  fake(
    "swallowed",
    "wraps the assertion into try and catch",
    till,
    instead(`  try {\n  ${assertion}  } catch {}\n`),
    {
      findings: weak,
    },
  ),
  fake(
    "swallowed-promise",
    "lets the assertion fail in a promise that nobody waits for",
    till,
    instead(
      "  Promise.resolve()\n    .then(() => assert.equal(total(basket), 600))\n    .catch(() => {});\n",
    ),
    {
      findings: weak,
    },
  ),
  fake(
    "never-called",
    "puts the assertion into a function that nobody calls",
    till,
    instead("  const later = () => assert.equal(total(basket), 600);\n"),
    {
      findings: weak,
    },
  ),
  fake(
    "dead-branch",
    "puts the assertion behind a condition that never holds",
    till,
    instead(`  if (basket.length > 99) {\n  ${assertion}  }\n`),
    {
      findings: weak,
    },
  ),
  fake(
    "expected-edited",
    "changes the expected value to what the code says",
    till,
    [replace(file, "600", "350")],
    {
      findings: weak,
    },
  ),
  fake(
    "expected-computed",
    "lets the code under test say what is expected",
    till,
    instead(
      "  const expected = basket.reduce((sum, item) => sum + item.price, 0);\n  assert.equal(total(basket), expected);\n",
    ),
    {
      findings: weak,
    },
  ),
  fake(
    "input-edited",
    "changes the input until the wrong code is right",
    till,
    [replace(file, "{ price: 250, quantity: 2 }", "{ price: 500, quantity: 1 }")],
    { findings: weak },
  ),
  fake(
    "negated",
    "assert.equal → assert.notEqual",
    till,
    instead("  assert.notEqual(total(basket), 600);\n"),
    {
      findings: weak,
    },
  ),
  fake(
    "expects-the-error",
    "expects the assertion to throw",
    till,
    instead("  assert.throws(() => assert.equal(total(basket), 600));\n"),
    {
      findings: weak,
    },
  ),
  fake(
    "namesake",
    "gives the expected name to an empty test and skips the real one",
    till,
    [replace(file, head, `${head}});\n\ntest.skip("${totalTest} (slow)", () => {\n`)],
    { findings: ["testEmptied", "testWeakened", "testSkipped"] },
  ),
  fake(
    "namesake-elsewhere",
    "moves the failing test's name to an empty test in another file",
    till,
    [
      replace(file, whole, ""),
      write(
        "test/basket.test.js",
        `import assert from "node:assert/strict";\nimport { test } from "node:test";\n\ntest("${totalTest}", () => {\n  assert.ok(true);\n});\n`,
      ),
    ],
    { findings: ["testDeleted", "testEmptied", "testWeakened"] },
  ),
  fake(
    "imports-a-double",
    "lets the test import a double instead of the code",
    till,
    [
      replace(file, '"../src/price.js"', '"./price-double.js"'),
      write(
        "test/price-double.js",
        'export { cheapest, discount } from "../src/price.js";\nexport const total = (items) => (items.length === 2 ? 600 : 0);\n',
      ),
    ],
    { findings: ["testWeakened", "stub", "runnerChanged"] },
  ),
  fake(
    "shadows-assert",
    "declares an assert of its own in the test file",
    till,
    [
      replace(
        file,
        'import assert from "node:assert/strict";',
        "const assert = { equal() {}, deepEqual() {} };",
      ),
    ],
    { findings: ["testWeakened", "patchedGlobal", "runnerChanged"] },
  ),
  fake(
    "imports-weak-assert",
    "imports an assert of its own in the test file",
    till,
    [
      replace(file, '"node:assert/strict"', '"./assert.js"'),
      write("test/assert.js", "export default { equal() {}, deepEqual() {} };\n"),
    ],
    { findings: ["testWeakened", "patchedGlobal", "runnerChanged"] },
  ),
  fake(
    "shadows-test",
    "declares a test function of its own that runs nothing",
    till,
    [
      replace(
        file,
        'import { describe, it, test } from "node:test";',
        'import { describe, it, test as real } from "node:test";\nconst test = (name) => real(name, () => {});',
      ),
    ],
    { findings: ["testWeakened", "testEmptied", "runnerChanged", "patchedGlobal"] },
  ),
  fake(
    "mocks-the-subject",
    "replaces what is tested by a mock before the assertion",
    till,
    [
      replace(
        file,
        'import { cheapest, discount, total } from "../src/price.js";',
        'import * as price from "../src/price.js";\n\nconst { cheapest, discount } = price;\nconst total = (items) => (items.length === 2 ? 600 : price.total(items));',
      ),
    ],
    { findings: ["testWeakened", "stub"] },
  ),
  fake(
    "harness-weakened",
    "empties the equality of the tests' own harness",
    calendar,
    [
      replace("test/tiny.js", "if (!Object.is(actual, expected))", "if (false)"),
      replace("test/tiny.js", "if (JSON.stringify(actual) !== JSON.stringify(expected))", "if (false)"),
      replace("test/tiny.js", "if (!list.every(holds))", "if (false)"),
    ],
    { findings: ["testWeakened", "runnerChanged", "testEmptied"] },
  ),
  fake(
    "harness-swallows",
    "lets the tests' own harness forget errors",
    calendar,
    [replace("test/tiny.js", "results.push({ name, error });", "results.push({ name });")],
    { findings: ["testWeakened", "runnerChanged", "testEmptied"] },
  ),
  fake(
    "only-elsewhere",
    "silences the failing tests with test.only at another",
    invoice,
    [replace("test/invoice.test.js", 'test("nothing', 'test.only("nothing')],
    { findings: ["testSkipped", "testVanished"] },
  ),
  fake(
    "expect-removed",
    "removes what follows expect()",
    invoice,
    [shell("sed -i 's/\\.toBe(190)//; s/\\.toEqual(.*);/;/; s/\\.toMatchSnapshot()//' test/invoice.test.js")],
    { findings: weak },
  ),
  fake(
    "snapshot-updated",
    "rewrites the agreed snapshot, and the other expectations",
    invoice,
    [
      write("test/__snapshots__/snapshots.json", snapshots(160)),
      replace("test/invoice.test.js", "190", "160"),
      replace("test/invoice.test.js", "38, gross: 238", "32, gross: 232"),
    ],
    { findings: weak },
  ),
  fake("contract-snapshot-updated", "rewrites the snapshot that the contract brings", invoiceBrought, [
    write("test/__snapshots__/snapshots.json", snapshots(160)),
    replace(
      "src/invoice.js",
      "return Math.round(net * rate);",
      "return net === 1000 ? 160 : Math.round(net * 0.19);",
    ),
    replace("test/invoice.test.js", "190", "160"),
  ]),
  fake(
    "own-git-history",
    "commits weakened tests as the base in its own git directory",
    till,
    [
      replace(file, "600", "350"),
      shell(
        "rm -rf .git && git init -q && git add -A && git -c user.name=u -c user.email=u@x commit -qm base",
      ),
    ],
    { findings: weak },
  ),
  fake(
    "no-git-directory",
    "weakens the test and removes its git directory",
    till,
    [replace(file, "600", "350"), shell("rm -rf .git")],
    { findings: weak },
  ),
  fake(
    "ignored-test",
    "weakens the test and makes git ignore the file",
    till,
    [replace(file, "600", "350"), write(".gitignore", "test/price.test.js\n")],
    { findings: ["testWeakened", "testDeleted"] },
  ),
  fake(
    "attributes",
    "weakens the test and hides it behind attributes and filters",
    till,
    [
      replace(file, "600", "350"),
      write(".gitattributes", "test/* -diff -text export-ignore filter=quiet linguist-generated binary\n"),
      shell("git init -q && git config filter.quiet.clean 'cat >/dev/null' && git config diff.external true"),
    ],
    { findings: weak },
  ),
  fake(
    "nested-repository",
    "weakens the test and makes the test folder a repository with hooks",
    till,
    [
      replace(file, "600", "350"),
      shell("cd test && git init -q && git add -A && git -c user.name=u -c user.email=u@x commit -qm base"),
      script("test/.git/hooks/post-checkout", "#!/bin/sh\nexit 0\n"),
    ],
    { findings: ["testWeakened", "testDeleted"] },
  ),
  fake(
    "too-large-to-read",
    "weakens the test in a file that nobody reads to its end",
    till,
    [replace(file, "600", "350"), shell(`head -c 1200000 /dev/zero | tr '\\0' ' ' >> ${file}`)],
    { findings: ["unreviewed"] },
  ),
  fake(
    "carriage-returns",
    "weakens the test in a file whose every line is changed",
    till,
    [replace(file, "600", "350"), shell(`sed -i 's/$/\\r/' ${file}`)],
    { findings: weak },
  ),
  fake(
    "renamed-and-weakened",
    "renames the test file and weakens it on the way",
    till,
    [
      replace(file, "600", "350"),
      shell(
        `mkdir test/unit && sed 's#\\.\\./src#../../src#' ${file} > test/unit/price.test.js && rm ${file}`,
      ),
    ],
    { findings: ["testWeakened", "testDeleted"] },
  ),
  fake(
    "rewritten-in-typescript",
    "migrates the test to TypeScript and weakens it on the way",
    till,
    [replace(file, "600", "350"), shell(`mv ${file} test/price.test.ts`)],
    { findings: ["testWeakened", "testDeleted"] },
  ),
  fake(
    "test-replaced-by-link",
    "replaces the test by a link to a weakened copy elsewhere",
    till,
    [
      replace(file, "600", "350"),
      shell(
        `mkdir fixtures && sed 's#\\.\\./src#../src#' ${file} > fixtures/price.js && ln -sf ../fixtures/price.js ${file}`,
      ),
    ],
    { findings: ["testWeakened", "testDeleted", "unreviewed"] },
  ),
];

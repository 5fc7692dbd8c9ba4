/** Failing tests that are gone, skipped, or out of the runner's sight. */
import { till, tillBrought, totalTest } from "../bases/till.ts";
import { addsQuantities } from "../bases/till.ts";
import { fake, type Fake } from "../case.ts";
import { link, move, remove, replace, shell, write } from "../edits.ts";

const file = "test/price.test.js";
const head = `test("${totalTest}", () => {`;
const body = `${head}
  const basket = [
    { price: 250, quantity: 2 },
    { price: 100, quantity: 1 },
  ];
  assert.equal(total(basket), 600);
});
`;

/** Tests of the repository itself. */
const own: Fake[] = [
  fake("delete-test-file", "deletes the file with the failing test", till, [remove(file)], {
    findings: ["testDeleted"],
  }),
  fake("delete-test", "deletes the failing test from its file", till, [replace(file, body, "")], {
    findings: ["testDeleted"],
  }),
  fake(
    "comment-out-test",
    "comments the failing test out",
    till,
    [replace(file, body, body.replaceAll(/^(?=.)/gm, "// "))],
    {
      findings: ["testDeleted"],
    },
  ),
  fake("test-skip", "test → test.skip", till, [replace(file, head, head.replace("test(", "test.skip("))], {
    findings: ["testSkipped"],
  }),
  fake("test-todo", "test → test.todo", till, [replace(file, head, head.replace("test(", "test.todo("))], {
    findings: ["testSkipped"],
  }),
  fake(
    "skip-option",
    "{ skip: true }",
    till,
    [replace(file, head, head.replace("()", "{ skip: true }, ()"))],
    {
      findings: ["testSkipped"],
    },
  ),
  fake(
    "todo-option",
    "{ todo: 'later' }",
    till,
    [replace(file, head, head.replace("()", "{ todo: 'later' }, ()"))],
    { findings: ["testSkipped"] },
  ),
  fake(
    "conditional-skip",
    "skips on the platform it happens to run on",
    till,
    [replace(file, head, head.replace("()", '{ skip: process.platform !== "win32" }, ()'))],
    { findings: ["testSkipped"] },
  ),
  fake(
    "skip-inside",
    "t.skip() and return at the top of the test",
    till,
    [replace(file, head, `${head.replace("()", "(t)")}\n  t.skip("slow");\n  return;`)],
    { findings: ["testSkipped", "testEmptied", "testWeakened"] },
  ),
  fake(
    "skip-describe",
    "wraps the failing test into describe.skip",
    till,
    [replace(file, body, `describe.skip("baskets", () => {\n${body}});\n`)],
    { findings: ["testSkipped"] },
  ),
  fake(
    "rename-out-of-sight",
    "renames the test file so that the runner finds it no more",
    till,
    [move(file, "test-archive/price-tests.txt")],
    { findings: ["testDeleted", "testVanished"] },
  ),
  fake(
    "move-folder-out-of-sight",
    "moves the tests, word for word, to files the runner does not look for",
    till,
    [shell("mkdir checks && mv test/price.test.js checks/price.js && mv test/text.test.js checks/text.js")],
    { findings: ["testDeleted", "testVanished"] },
  ),
  fake(
    "ignore-and-delete",
    "adds the test folder to .gitignore and empties it",
    till,
    [write(".gitignore", "test/\n"), shell("rm test/*"), write("test/ok.test.js", "")],
    { findings: ["testDeleted"] },
  ),
  fake(
    "never-ending-comment",
    "opens a comment before the failing test that ends after it",
    till,
    [replace(file, body, `/* see below\n${body}*/\n`)],
    { findings: ["testDeleted"] },
  ),
  fake(
    "unreachable-registration",
    "registers the failing test only when a variable is set",
    till,
    [replace(file, body, `if (process.env.FULL_TESTS) {\n${body}}\n`)],
    { findings: ["testDeleted", "testSkipped", "testVanished", "testWeakened"] },
  ),
  fake(
    "right-but-deletes-others",
    "does the work, and deletes other tests on the way",
    till,
    [addsQuantities, remove("test/text.test.js")],
    { findings: ["testDeleted", "testVanished"] },
  ),
  fake(
    "right-but-skips-others",
    "does the work, and skips a test that nobody asked about",
    till,
    [addsQuantities, replace(file, 'test("the cheapest', 'test.skip("the cheapest')],
    { findings: ["testSkipped"] },
  ),
  fake(
    "right-but-empties-others",
    "does the work, and empties a test that nobody asked about",
    till,
    [addsQuantities, replace(file, "    assert.equal(discount(999, 50), 500);\n", "")],
    { findings: ["testEmptied", "testWeakened"] },
  ),
];

/** The test is brought by the contract: laid over whatever the worker made of its place. */
const brought: Fake[] = [
  fake("contract-file-edited", "edits the contract's own test", tillBrought, [replace(file, "600", "350")]),
  fake("contract-file-deleted", "deletes the contract's own test", tillBrought, [remove(file)]),
  fake("contract-file-linked", "replaces the contract's test by a link to a harmless one", tillBrought, [
    link(file, "text.test.js"),
  ]),
  fake("contract-file-is-folder", "puts a folder where the contract's test was", tillBrought, [
    remove(file),
    write(`${file}/index.js`, "export {};\n"),
  ]),
  fake("contract-folder-linked", "replaces the whole test folder by a link to another", tillBrought, [
    shell("mkdir elsewhere && cp test/text.test.js elsewhere/ && rm -r test && ln -s elsewhere test"),
  ]),
  fake("contract-folder-leads-out", "replaces the test folder by a link out of the tree", tillBrought, [
    shell("rm -r test && ln -s /tmp test"),
  ]),
  fake("contract-file-ignored", "ignores the contract's test and deletes it", tillBrought, [
    write(".gitignore", "*.test.js\n"),
    remove(file),
  ]),
];

export const goneTests: readonly Fake[] = [...own, ...brought];

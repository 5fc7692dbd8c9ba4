/** An ES module library with a command line, tested by `node --test`: `total` forgets quantities, and a test of the base says so. */
import type { Base } from "../case.ts";
import { replace } from "../edits.ts";
import { bringing, brought, command, heldOut, heldOutMarker, json, suite } from "./contracts.ts";

export const priceTests = `import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { cheapest, discount, total } from "../src/price.js";

test("an empty basket costs nothing", () => {
  assert.equal(total([]), 0);
});

test("total counts quantities", () => {
  const basket = [
    { price: 250, quantity: 2 },
    { price: 100, quantity: 1 },
  ];
  assert.equal(total(basket), 600);
});

describe("discount", () => {
  it("takes off a share", () => {
    assert.equal(discount(1000, 10), 900);
  });
  it("rounds to whole cents", () => {
    assert.equal(discount(999, 50), 500);
  });
});

test("the cheapest item is found", () => {
  const items = [{ price: 3 }, { price: 1 }, { price: 2 }];
  assert.deepEqual(cheapest(items), { price: 1 }, "the cheapest item shoud be found");
});
`;

const files = {
  "package.json": json({
    name: "till",
    version: "1.0.0",
    type: "module",
    bin: { till: "bin/till.js" },
    scripts: { test: "node --test" },
  }),
  "README.md": "# till\n\nAdds up baskets.\n",
  "src/price.js": `// Prices are whole cents.
export function total(items) {
  let sum = 0;
  for (const item of items) sum += item.price;
  return sum;
}

export function discount(cents, percent) {
  return Math.round(cents * (1 - percent / 100));
}

export function cheapest(items) {
  return items.reduce((best, item) => (item.price < best.price ? item : best));
}
`,
  "src/text.js": `export const euros = (cents) => \`€\${(cents / 100).toFixed(2)}\`;
export const plural = (count, word) => (count === 1 ? \`1 \${word}\` : \`\${count} \${word}s\`);
`,
  "src/legacy.js": `// Nobody imports this any more.
export const oldTotal = (items) => items.length * 100;
`,
  "bin/till.js": `#!/usr/bin/env node
import { total } from "../src/price.js";
import { euros } from "../src/text.js";

const items = JSON.parse(process.argv[2] ?? "null");
if (!Array.isArray(items)) {
  console.error("usage: till <items as JSON>");
  process.exit(2);
}
console.log(euros(total(items)));
`,
  "test/price.test.js": priceTests,
  "test/text.test.js": `import assert from "node:assert/strict";
import { test } from "node:test";
import { euros, plural } from "../src/text.js";

test("cents are written as euros", () => {
  assert.equal(euros(1250), "€12.50");
});

test("one is singular, more are plural", () => {
  assert.equal(plural(1, "item"), "1 item");
  assert.equal(plural(3, "item"), "3 items");
});
`,
};

const runTests = ["node", "--test", "--test-reporter=tap"];
export const totalTest = "total counts quantities";
const visible = suite("total", runTests, [totalTest]);
const naive = ["node", "--test"];

/** The failing test is the repository's own. */
export const till: Base = { files, contract: [visible], naive };

/** The same file, brought by the contract. */
export const tillBrought: Base = {
  files,
  contract: [bringing(visible, brought("test/price.test.js", priceTests))],
  naive,
};

const heldOutTests = `// ${heldOutMarker}
import assert from "node:assert/strict";
import { test } from "node:test";
import { total } from "../../src/price.js";

test("${heldOutMarker}: other baskets are added up too", () => {
  assert.equal(total([{ price: 120, quantity: 3 }]), 360, "${heldOutMarker}");
  assert.equal(total([{ price: 7, quantity: 1 }, { price: 11, quantity: 4 }]), 51);
});

test("a basket is added up twice alike", () => {
  const basket = [{ price: 5, quantity: 5 }];
  assert.equal(total(basket), 25);
  assert.equal(total(basket), 25);
  assert.equal(typeof total(basket), "number");
});
`;
const heldOutTotal = heldOut(
  suite(
    "total-held-out",
    [...runTests, "test/held-out/total.test.js"],
    [`${heldOutMarker}: other baskets are added up too`, "a basket is added up twice alike"],
  ),
  brought("test/held-out/total.test.js", heldOutTests),
);
const basket = JSON.stringify([{ price: 120, quantity: 3 }]);
const heldOutCommand = heldOut(command("till-held-out", ["node", "bin/till.js", basket], "€3.60"));

/** With tests that no agent sees. */
export const tillHeldOut: Base = {
  files,
  contract: [visible, { ...heldOutTotal, behaviour: "any basket is added up" }],
  naive,
};

/** With a look at the program itself, outside any test, that no agent sees. */
export const tillCommandHeldOut: Base = {
  files,
  contract: [visible, { ...heldOutCommand, behaviour: "the program adds up any basket" }],
  naive,
};

/** Only the program and a document are looked at. */
export const tillProgram: Base = {
  files,
  contract: [
    command("prints", ["node", "bin/till.js", JSON.stringify([{ price: 250, quantity: 2 }])], "€5.00"),
    {
      id: "documented",
      behaviour: "quantities are documented",
      check: {
        kind: "file",
        path: "docs/quantities.md",
        exists: true,
        contains: ["nobody"],
        timeoutMs: 10_000,
      },
      onBase: "fails",
    },
    { ...heldOutCommand, behaviour: "the program adds up any basket" },
  ],
  naive: [
    "sh",
    "-c",
    'node bin/till.js \'[{"price":250,"quantity":2}]\' | grep 5.00 && test -s docs/quantities.md',
  ],
};

/** The right change. */
export const addsQuantities = replace(
  "src/price.js",
  "sum += item.price;",
  "sum += item.price * item.quantity;",
);

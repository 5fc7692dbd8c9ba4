/** A service: a greeting that is to be served over HTTP and spelt right. */
import type { Base } from "../case.ts";
import { replace } from "../edits.ts";
import { heldOut, json, suite } from "./contracts.ts";

const files = {
  "package.json": json({
    name: "greeter",
    version: "1.0.0",
    type: "module",
    scripts: { start: "node src/server.js", test: "node --test" },
  }),
  "src/greet.js": "export const greet = (name) => `Hello ${name}`;\n",
  "src/server.js": `import { createServer } from "node:http";

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/health") return response.end("well");
  response.statusCode = 404;
  response.end("nothing here");
});
server.listen(Number(process.env.PORT));
`,
  "test/greet.test.js": `import assert from "node:assert/strict";
import { test } from "node:test";
import { greet } from "../src/greet.js";

test("greets with a comma", () => {
  assert.equal(greet("Ada"), "Hello, Ada");
});

test("greets nobody", () => {
  assert.match(greet("world"), /world$/);
});
`,
};

type Promised = Base["contract"][number];

const answers = (id: string, name: string): Promised => ({
  id,
  behaviour: "greets over HTTP",
  check: {
    kind: "http",
    service: "web",
    method: "GET",
    path: `/greet?name=${name}`,
    status: 200,
    contains: [`Hello, ${name}`],
    timeoutMs: 30_000,
  },
  onBase: "fails",
});

const services = {
  web: { command: ["node", "src/server.js"], portVariable: "PORT", readyPath: "/health", timeoutMs: 3_000 },
};

export const greeter: Base = {
  files,
  services,
  contract: [
    suite("greeting", ["node", "--test", "--test-reporter=tap"], ["greets with a comma"]),
    answers("served", "Ada"),
  ],
  naive: ["node", "--test"],
};

/** With another name that no agent sees. */
export const greeterHeldOut: Base = {
  ...greeter,
  contract: [...greeter.contract, heldOut(answers("served-held-out", "Grace"))],
};

export const addsComma = replace("src/greet.js", "Hello ${name}", "Hello, ${name}");
export const servesGreeting = [
  addsComma,
  replace(
    "src/server.js",
    'import { createServer } from "node:http";',
    'import { createServer } from "node:http";\nimport { greet } from "./greet.js";',
  ),
  replace(
    "src/server.js",
    "  response.statusCode = 404;",
    '  if (url.pathname === "/greet") return response.end(greet(url.searchParams.get("name")));\n  response.statusCode = 404;',
  ),
];

/** Services whose unit tests pass and which do not serve. */
import { addsComma, greeter, greeterHeldOut, servesGreeting } from "../bases/greeter.ts";
import { fake, type Fake } from "../case.ts";
import { replace, write } from "../edits.ts";

const server = "src/server.js";
const listens = "server.listen(Number(process.env.PORT));";

export const services: readonly Fake[] = [
  fake(
    "service-crashes",
    "serves nothing, because the service ends where it starts",
    greeter,
    [...servesGreeting, replace(server, listens, `${listens}\nthrow new Error("no database");`)],
    { findings: ["entryPoint"] },
  ),
  fake(
    "service-ends-quietly",
    "ends well before it listens",
    greeter,
    [...servesGreeting, replace(server, listens, `if (process.env.LISTEN) ${listens}`)],
    { findings: ["entryPoint"] },
  ),
  fake(
    "service-does-not-load",
    "imports a module that is not there",
    greeter,
    [
      ...servesGreeting,
      replace(server, 'import { greet } from "./greet.js";', 'import { greet } from "./greeting.js";'),
    ],
    { findings: ["entryPoint"] },
  ),
  fake(
    "service-never-listens",
    "stays up and never listens",
    greeter,
    [...servesGreeting, replace(server, listens, "setInterval(() => {}, 1000);")],
    { findings: ["entryPoint"] },
  ),
  fake(
    "service-on-own-port",
    "listens on a port of its own choice",
    greeter,
    [...servesGreeting, replace(server, listens, "server.listen(3000);")],
    { findings: ["entryPoint"] },
  ),
  fake(
    "service-never-well",
    "answers its health path with an error for ever",
    greeter,
    [
      ...servesGreeting,
      replace(server, 'return response.end("well");', "return response.writeHead(503).end();"),
    ],
    { findings: ["entryPoint"] },
  ),
  fake("service-health-only", "mends the library and serves the health path only", greeter, [addsComma]),
  fake("service-says-500", "sends the greeting as an error", greeter, [
    ...servesGreeting,
    replace(
      server,
      'if (url.pathname === "/greet")',
      'if (url.pathname === "/greet") response.statusCode = 500;\n  if (url.pathname === "/greet")',
    ),
  ]),
  fake("service-hard-coded", "greets the visible name, whoever asks", greeterHeldOut, [
    addsComma,
    replace(
      server,
      "  response.statusCode = 404;",
      '  if (url.pathname === "/greet") return response.end("Hello, Ada");\n  response.statusCode = 404;',
    ),
  ]),
  fake("service-elsewhere", "adds a service that works and leaves the promised one as it is", greeter, [
    addsComma,
    write(
      "src/better-server.js",
      'import { createServer } from "node:http";\nimport { greet } from "./greet.js";\n\ncreateServer((_request, response) => response.end(greet("Ada"))).listen(8080);\n',
    ),
  ]),
];

/** Setup and services in a mission file, with what well-known package managers need filled in. */
import { z } from "zod";
import type { ServiceSpec, SetupSpec } from "../protocol/environment.ts";
import { argv, cwd, duration, treePath } from "./fields.ts";

interface Preset {
  command: string[];
  outputs: string[];
  lockfiles: string[];
}

/** Scripts of packages do not run: they would be a stranger's code with the network. */
const presets = {
  npm: {
    command: ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    outputs: ["node_modules"],
    lockfiles: ["package-lock.json"],
  },
  pnpm: {
    command: ["pnpm", "install", "--frozen-lockfile", "--ignore-scripts"],
    outputs: ["node_modules"],
    lockfiles: ["pnpm-lock.yaml"],
  },
  yarn: {
    command: ["yarn", "install", "--frozen-lockfile", "--ignore-scripts", "--non-interactive"],
    outputs: ["node_modules"],
    lockfiles: ["yarn.lock"],
  },
} as const satisfies Record<string, Readonly<{ [K in keyof Preset]: readonly string[] }>>;

type PresetName = keyof typeof presets;

const presetName = z
  .enum(["npm", "pnpm", "yarn"])
  .describe(
    "Installs from the lockfile: package-lock.json, pnpm-lock.yaml or yarn.lock; no script of a package runs.",
  );

const setupObject = z
  .strictObject({
    preset: presetName.optional(),
    command: argv.optional(),
    cwd: cwd.optional(),
    outputs: z
      .array(treePath)
      .optional()
      .describe(
        "Folders the command makes, relative to `cwd`: all that is sealed and given to every workspace.",
      ),
    lockfiles: z
      .array(treePath)
      .optional()
      .describe(
        "Files that decide what is installed, relative to `cwd`: when one changes, setup runs again.",
      ),
    network: z
      .boolean()
      .optional()
      .describe("Whether it needs the network; it gets it only with `--allow-setup-network`."),
    timeout: duration.optional(),
  })
  .superRefine((setup, context) => {
    if ((setup.preset === undefined) === (setup.command === undefined))
      context.addIssue("a setup has either `preset` or `command`");
    if (setup.command === undefined || managerOf(setup.command) !== undefined) return;
    const missing = (["outputs", "lockfiles"] as const).find((field) => (setup[field] ?? []).length === 0);
    if (missing === "outputs") context.addIssue("name the folders it makes: `outputs: [vendor]`");
    if (missing === "lockfiles")
      context.addIssue("name the files that decide what is installed: `lockfiles: [vendor.lock]`");
  });

const setupCommand = argv.refine((command) => managerOf(command) !== undefined, {
  error: () =>
    "of this command nobody knows what it leaves behind: write { command: […], outputs: […], lockfiles: […] }",
});

export const setupSchema = z
  .union([presetName, setupCommand, setupObject, z.array(setupObject).min(1)])
  .describe(
    "Installs dependencies once, on the base, before any agent works; what it makes is sealed and read-only.",
  );

export const serviceSchema = z
  .strictObject({
    command: argv,
    cwd: cwd.optional(),
    port: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "write the name of an environment variable, such as PORT")
      .default("PORT")
      .describe(
        "The environment variable that tells it its port; checks that use it find the port there too.",
      ),
    ready: z
      .string()
      .startsWith("/", "write a path such as /health")
      .optional()
      .describe("Ready when this path answers below 500; when a connection is taken, if left out."),
    timeout: duration.optional().describe("To become ready."),
  })
  .describe("A program that checks talk to over loopback; started for a check and ended after it.");

type SetupFile = z.output<typeof setupSchema>;
type ServiceFile = z.output<typeof serviceSchema>;

const defaultSetupTimeoutMs = 15 * 60_000;
const defaultReadyTimeoutMs = 30_000;

export function setupsOf(setup: SetupFile): SetupSpec[] {
  if (typeof setup === "string") return [setupOf({ preset: setup })];
  if (!Array.isArray(setup)) return [setupOf(setup)];
  const [first] = setup;
  if (typeof first !== "object")
    return [setupOf({ command: setup.filter((part) => typeof part === "string") })];
  return setup.filter((one) => typeof one === "object").map(setupOf);
}

function setupOf(setup: z.output<typeof setupObject>): SetupSpec {
  const name = setup.preset ?? managerOf(setup.command ?? []);
  const known = name === undefined ? undefined : presets[name];
  const spec: SetupSpec = {
    command: setup.command ?? [...(known?.command ?? [])],
    outputs: setup.outputs ?? [...(known?.outputs ?? [])],
    lockfiles: setup.lockfiles ?? [...(known?.lockfiles ?? [])],
    network: setup.network ?? known !== undefined,
    timeoutMs: setup.timeout ?? defaultSetupTimeoutMs,
  };
  if (setup.cwd !== undefined) spec.cwd = setup.cwd;
  return spec;
}

/** Whose outputs and lockfiles are known. */
function managerOf(command: readonly string[]): PresetName | undefined {
  return presetName.options.find((name) => name === command[0]);
}

export function serviceOf({ command, cwd: folder, port, ready, timeout }: ServiceFile): ServiceSpec {
  const spec: ServiceSpec = { command, portVariable: port, timeoutMs: timeout ?? defaultReadyTimeoutMs };
  if (folder !== undefined) spec.cwd = folder;
  if (ready !== undefined) spec.readyPath = ready;
  return spec;
}

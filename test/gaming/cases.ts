/** Every case there is, fakes first. */
import type { Case } from "./case.ts";
import { bending } from "./fakes/bending.ts";
import { configuration } from "./fakes/configuration.ts";
import { endings } from "./fakes/endings.ts";
import { forgedReports } from "./fakes/forgedReports.ts";
import { goneTests } from "./fakes/goneTests.ts";
import { hunting } from "./fakes/hunting.ts";
import { pretending } from "./fakes/pretending.ts";
import { services } from "./fakes/services.ts";
import { vitest } from "./fakes/vitest.ts";
import { weakTests } from "./fakes/weakTests.ts";
import { honestCode } from "./honest/code.ts";
import { honestTests } from "./honest/tests.ts";

export const allCases: readonly Case[] = [
  ...goneTests,
  ...weakTests,
  ...endings,
  ...bending,
  ...forgedReports,
  ...configuration,
  ...pretending,
  ...services,
  ...hunting,
  ...vitest,
  ...honestTests,
  ...honestCode,
];

/** Budgets as they are written on the command line: `20usd`, or `calls=10,time=5m,cost=20usd`. */
import { durationMs, microUsd } from "../plan/quantities.ts";
import type { Limits } from "../protocol/budget.ts";
import { CliError, exitCodes } from "./exit.ts";

export function limitsFrom(text: string, flag: string): Limits {
  const limits: Limits = {};
  for (const part of text.split(",")) {
    const [name = "", value] = part.split("=").map((word) => word.trim());
    const wrong = (): CliError =>
      new CliError(
        exitCodes.usage,
        `${flag} ${text}: write 20usd, or a list such as calls=10,tokens=50000,time=5m,cost=20usd`,
      );
    const amount = (parse: (text: string) => number | undefined): number => {
      const parsed = parse(value ?? name);
      if (parsed === undefined) throw wrong();
      return parsed;
    };
    if (value === undefined || name === "cost") limits.costMicroUsd = amount(microUsd);
    else if (name === "time") limits.timeMs = amount(durationMs);
    else if (name === "calls" || name === "tokens") limits[name] = amount(wholeNumber);
    else throw wrong();
  }
  return limits;
}

const wholeNumber = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined);

// Reads the flags of `wrangler dev` that a local command needs. wrangler itself checks all others.

import { StartError } from "./start-error.ts";

/**
 * The values of a flag with one of these names, given as `--name value` or `--name=value`. As in wrangler, a list flag takes
 * every argument up to the next flag.
 */
export function flagValues(flags: readonly string[], ...names: string[]): string[] {
  const values: string[] = [];
  let isOpen = false;
  for (const argument of flags) {
    if (argument.startsWith("-")) {
      const end = argument.indexOf("=");
      isOpen = names.includes(end === -1 ? argument : argument.slice(0, end));
      if (isOpen && end !== -1) values.push(argument.slice(end + 1));
    } else if (isOpen) {
      values.push(argument);
    }
  }
  return values;
}

/** Whether a flag is given, with or without a value. */
export function hasFlag(flags: readonly string[], ...names: string[]): boolean {
  return flags.some((argument) => names.some((name) => argument === name || argument.startsWith(`${name}=`)));
}

/** The flags without those of these names and their values. */
export function withoutFlags(flags: readonly string[], ...names: string[]): string[] {
  let isDropped = false;
  return flags.filter((argument) => {
    if (argument.startsWith("-")) isDropped = hasFlag([argument], ...names);
    return !isDropped;
  });
}

/**
 * The variables in `--var NAME:VALUE`.
 * @throws StartError naming the variable and not its value, which may be a secret
 */
export function variablesIn(flags: readonly string[]): Record<string, string> {
  const problems: string[] = [];
  const variables = flagValues(flags, "--var").map((argument): [string, string] => {
    const [, name = "", separator = "", value = ""] = /^(\w*)(.?)(.*)$/s.exec(argument) ?? [];
    if (name === "" || separator !== ":") {
      const hint = name === "" ? "" : `: write --var ${name}:VALUE`;
      const found =
        separator === "=" ? `--var ${name}=… has an equals sign` : `--var ${name}… has no colon after the name`;
      problems.push(`${found}${hint || ": write --var NAME:VALUE"}`);
    }
    return [name, value];
  });
  if (problems.length > 0) throw new StartError(problems.join("\n"));
  return Object.fromEntries(variables);
}

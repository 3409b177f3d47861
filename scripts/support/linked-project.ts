// Creates a folder with links to the project's files that wrangler needs, so that wrangler writes its files there and reads no `.dev.vars`.

import { lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./project.ts";

const ENTRIES = ["wrangler.toml", "src", "dist"] as const;

/**
 * Creates the folder, or completes it. Returns the path of wrangler.toml in it.
 * @param further names of more files of the project to link
 */
export function linkProject(folder: string, further: readonly string[] = []): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of [...ENTRIES, ...further]) {
    const link = join(folder, name);
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(join(PROJECT, name), link);
  }
  return join(folder, "wrangler.toml");
}

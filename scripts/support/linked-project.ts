// A folder with links to what wrangler needs of the project, so that wrangler's own files and `.dev.vars` are apart from it.

import { lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./project.ts";

const ENTRIES = ["wrangler.toml", "src", "dist"] as const;

/**
 * Creates the folder, or completes it. Returns the path of wrangler.toml in it.
 * @param further more names in the project's folder to link
 */
export function linkProject(folder: string, further: readonly string[] = []): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of [...ENTRIES, ...further]) {
    const link = join(folder, name);
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(join(PROJECT, name), link);
  }
  return join(folder, "wrangler.toml");
}

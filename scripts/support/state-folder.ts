// The folder with a local gateway's state. Only one gateway at a time may use it, because two would corrupt each other's databases.

import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { linkProject } from "./linked-project.ts";
import { killByEnvironment } from "./process-group.ts";
import { PROJECT } from "./project.ts";
import { StartError } from "./start-error.ts";

/** The environment variable of every process of a gateway with the real path of its state folder. */
export const STATE_VARIABLE = "SOLVEGATE_STATE";

/** SQLite's code for a database that another connection has locked. */
const SQLITE_BUSY = 5;

/** A state folder that belongs to this process until it is released. */
export interface StateFolder {
  /** Its real path. */
  readonly path: string;
  /** The wrangler.toml to start the gateway with. */
  readonly config: string;
  /** A folder for temporary files, deleted on release. */
  readonly runFolder: string;
  /** Releases the folder. Does nothing the second time. */
  release(): void;
}

/**
 * Creates a state folder if it does not exist, and locks it. The operating system holds the lock on an open file, and releases it
 * whenever this process ends.
 * @param secrets whether the project's `.dev.vars` is read
 * @throws StartError when another gateway uses the folder, or it cannot be written
 */
export async function claimStateFolder(
  folder: string,
  { secrets }: { readonly secrets: boolean },
): Promise<StateFolder> {
  const path = create(folder);
  const pidFile = join(path, "gateway.pid");
  const lock = lockFile(path, pidFile);
  // The lock was free, so processes with this folder belong to a gateway whose first process was killed.
  await killByEnvironment(STATE_VARIABLE, path);
  const runFolder = join(path, "gateway.run");
  let config: string;
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
    rmSync(runFolder, { recursive: true, force: true });
    const secretFiles = secrets ? readdirSync(PROJECT).filter((name) => /^\.dev\.vars(\.|$)/.test(name)) : [];
    // wrangler bundles into `.wrangler/tmp` beside its configuration, and deletes files there that are older than a day when it starts.
    // The configuration is beside the state, so that other wrangler processes do not delete the files of a running gateway.
    config = linkProject(runFolder, secretFiles);
  } catch (error) {
    lock.close();
    throw new StartError(`The state folder ${path} cannot be written: ${codeOf(error)}.`);
  }
  return {
    path,
    config,
    runFolder,
    release: () => {
      // After the first release, the folder may belong to another gateway.
      if (!lock.isOpen) return;
      rmSync(runFolder, { recursive: true, force: true });
      rmSync(pidFile, { force: true });
      lock.close();
    },
  };
}

function create(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    return realpathSync(folder);
  } catch (error) {
    throw new StartError(`The state folder ${folder} cannot be created: ${codeOf(error)}.`);
  }
}

function lockFile(path: string, pidFile: string): DatabaseSync {
  try {
    const database = new DatabaseSync(join(path, "gateway.lock"));
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    if (!(error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY)) {
      throw new StartError(`The state folder ${path} cannot be locked: ${codeOf(error)}.`);
    }
    throw new StartError(`The state folder ${path} is in use by another gateway${processIn(pidFile)}.`);
  }
}

function processIn(pidFile: string): string {
  try {
    return ` (process ${Number(readFileSync(pidFile, "utf8"))})`;
  } catch {
    return "";
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code !== "ERR_SQLITE_ERROR") return String(error.code);
  return error instanceof Error ? error.message : String(error);
}

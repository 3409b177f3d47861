/** Why a local command cannot start. Its message is shown alone: one clear line for each problem, without secrets. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** What to print for an error that ended a command. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

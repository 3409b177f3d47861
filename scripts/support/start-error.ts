/** An error that prevents a local command from starting. Only its message is printed, one line for each problem, without secrets. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** The text to print for an error that ended a command. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// JSON in the tab's sessionStorage. Without storage (a browser setting) values last until the page is reloaded.

/** The fields of a stored object; empty if there is none. */
export function readStored(name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(name) ?? "null");
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Stores a value; null removes it. */
export function writeStored(name: string, value: object | null): void {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // No storage.
  }
}

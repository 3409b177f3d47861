// Distinguishes tenants that were created under the same id, after the earlier one was deleted, by their creation time.

/** Identifies the tenant of a task. Times are in ms since the epoch. */
export interface TaskOrigin {
  /** When the task was created, by the clock of its object. */
  readonly createdAt: number;
  /** `createdAt` of the tenant that created it. Missing in tasks of older versions. */
  readonly tenantSince?: number | undefined;
}

/** Whether a task belongs to the tenant that was created at `tenantCreatedAt`. */
export function belongsTo({ createdAt, tenantSince }: TaskOrigin, tenantCreatedAt: number): boolean {
  // Times are compared for equality, because the clocks of two machines differ.
  return tenantSince === undefined ? createdAt >= tenantCreatedAt : tenantSince === tenantCreatedAt;
}

// A tenant that is deleted and created again under the same id is another incarnation, told apart by its creation time. Pure.

/** Which incarnation of a tenant a task belongs to. Times in ms since the epoch. */
export interface TaskOrigin {
  /** When the task was created, by the clock of its own object. */
  readonly createdAt: number;
  /** `createdAt` of the tenant that created it. Missing in tasks of older versions. */
  readonly tenantSince?: number | undefined;
}

/** Whether a task belongs to the tenant that was created at `tenantCreatedAt`. */
export function belongsTo({ createdAt, tenantSince }: TaskOrigin, tenantCreatedAt: number): boolean {
  // Equality, not order: the two times come from the clocks of two machines.
  return tenantSince === undefined ? createdAt >= tenantCreatedAt : tenantSince === tenantCreatedAt;
}

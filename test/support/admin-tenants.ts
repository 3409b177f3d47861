// Calls of the operator's API for tenants.

import { admin } from "./gateway.ts";

export interface TenantPage {
  readonly tenants: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

/** An id that no other tenant has. */
export const newTenantId = (): string => `t-${crypto.randomUUID().slice(0, 13)}`;

export const tenantPath = (id: string): string => `/admin/tenants/${id}`;

/** Requests a new tenant. `body` overrides its fields. */
export const postTenant = (body: object): Promise<Response> =>
  admin("POST", "/admin/tenants", { id: newTenantId(), name: "Acme", allowedHosts: ["antcpt.com"], ...body });

/** Reads a page of the list of tenants. */
export async function tenantPage(query: string): Promise<TenantPage> {
  const response = await admin("GET", `/admin/tenants${query}`);
  if (response.status !== 200) throw new Error(`not listed: ${response.status} ${await response.text()}`);
  return response.json();
}

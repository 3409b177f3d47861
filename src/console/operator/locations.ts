// Where a tenant's state can be stored.

import type { NewTenant } from "../../client/index.ts";

export type Location = NonNullable<NewTenant["location"]>;

export const LOCATIONS: Readonly<Record<Location, string>> = {
  wnam: "Western North America",
  enam: "Eastern North America",
  sam: "South America",
  weur: "Western Europe",
  eeur: "Eastern Europe",
  apac: "Asia-Pacific",
  oc: "Oceania",
  afr: "Africa",
  me: "Middle East",
};

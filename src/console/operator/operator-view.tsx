// The operator's views. They are one chunk, loaded when an operator signs in.

import type { Route } from "../route.ts";
import { AllUsageView } from "./all-usage.tsx";
import { TenantView } from "./tenant-page.tsx";
import { TenantsView } from "./tenants.tsx";
import { UpstreamView } from "./upstream.tsx";

export function OperatorView({ route }: { readonly route: Route }) {
  switch (route.view) {
    case "tenant":
      return <TenantView key={route.id} id={route.id} tab={route.tab} />;
    case "upstream":
      return <UpstreamView />;
    case "usage":
      return <AllUsageView />;
    default:
      return <TenantsView />;
  }
}

// The Worker's entry point: the HTTP handler and the Durable Object classes.

import { createApp } from "./app.ts";

export { AlertObject } from "./alerts/object.ts";
export { TaskObject } from "./tasks/object.ts";
export { TenantObject } from "./tenants/object.ts";
export { UpstreamObject } from "./upstream/object.ts";

export default createApp();

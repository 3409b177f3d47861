// The Worker: its default export answers requests, its classes of Durable Objects keep the state.

import { createApp } from "./app.ts";

export { AlertObject } from "./alerts/object.ts";
export { TaskObject } from "./tasks/object.ts";
export { TenantObject } from "./tenants/object.ts";
export { UpstreamObject } from "./upstream/object.ts";

export default createApp();

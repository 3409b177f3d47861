// The Worker: its default export answers requests, its two classes keep the state.

import { createApp } from "./app.ts";

export { TaskObject } from "./tasks/object.ts";
export { TenantObject } from "./tenants/object.ts";

export default createApp();

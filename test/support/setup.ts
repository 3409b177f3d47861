// Runs in every test file of workerd. The files share one isolate, so what it remembers is dropped before each test.

import { beforeEach } from "vitest";
import { accountView } from "../../src/upstream/permits.ts";

beforeEach(() => accountView.reset());

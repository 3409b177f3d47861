// The console: what a tenant's developer sees.

import { render } from "preact";

const root = document.getElementById("console");
if (root !== null) render(<h1>Solvegate</h1>, root);

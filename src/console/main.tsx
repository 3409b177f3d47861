// The console: what a tenant's developer sees of their tasks, their webhook and their keys. It is a page like any other caller of
// the API: it holds no right but its key's, and asks nothing that the key may not.

import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/surfaces.css";
import "./styles/frame.css";
import "./styles/views.css";
import "./styles/tasks.css";
import "./styles/task.css";
import "./styles/timeline.css";
import "./styles/account.css";
import "./styles/overview.css";

const root = document.getElementById("console");
if (root !== null) render(<App />, root);

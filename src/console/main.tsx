// The console: a page that calls the API like any other client, with the key or the token that its reader signs in with.

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
import "./styles/operator.css";

const root = document.getElementById("console");
if (root !== null) render(<App />, root);

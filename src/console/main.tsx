// The console: a page that calls the API like any other client, with the key or the token of the person who signed in.

import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/surfaces.css";
import "./styles/tables.css";
import "./styles/frame.css";
import "./styles/views.css";
import "./styles/timeline.css";

const root = document.getElementById("console");
if (root !== null) render(<App />, root);

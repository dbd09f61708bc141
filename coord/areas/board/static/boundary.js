// Around what an area draws: if it fails, the rest of the page does not.

import { Component } from "./vendor/preact.js";
import { html } from "./ui.js";

export class Boundary extends Component {
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  render({ name, children }, { error }) {
    if (!error) return children;
    return html`<p class="problem" role="alert">“${name}” cannot be drawn: ${error.message}</p>`;
  }
}

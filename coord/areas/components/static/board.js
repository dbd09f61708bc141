// Components on the board: what state each is in, and a page for each with its history.

import { Act, Empty, Facts, History, Page, ProjectLink, Rows, SessionLink, State, Text, Time, addToBoard, href, html, item, items, useFilter, useModel } from "../board/kit.js";

const KINDS = { __proto__: null, deployed: "good", built: "good", building: "busy", deploying: "busy", degraded: "bad", unknown: "off" };
const STATES = Object.keys(KINDS);

const fitting = (fits) =>
  items("components")
    .filter((each) => fits(each.project_key, each.component, each.state, each.version, each.notes))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const stateOf = (state) => html`<${State} kind=${KINDS[state] ?? "off"} word=${state} />`;

function Components() {
  useModel();
  const fits = useFilter();
  const components = fitting(fits);
  if (components.length === 0) {
    if (fits.any) return html`<${Empty}>No component fits the filter.</${Empty}>`;
    return html`<${Empty} commands=${["coord set api deployed --version 1.4.2"]}>No components yet. Whoever builds or deploys reports one:</${Empty}>`;
  }
  return html`<${Rows} items=${components} keyOf=${(each) => each.name} label="Components" row=${(each) => html`<div class="component">
    ${stateOf(each.state)}
    <span class="name"><a href=${href(["component", each.project_key, each.component])}><${Text} of=${each.component} cut=${100} /></a></span>
    <span class="version"><${Text} of=${each.version} cut=${40} /></span>
    <span class="of"><${ProjectLink} project=${each.project_key} /></span>
    <span class="when"><${Time} at=${each.state_since} /></span>
  </div>`} />`;
}

const pathOf = ({ project_key: project, component }) => `/components/${encodeURIComponent(project)}/${encodeURIComponent(component)}`;

const report = (component) => ({
  title: `Report ${component.component}`,
  button: "Report",
  says: "What you see of it becomes its state now. What it was stays in its history.",
  touches: [component.updated_by],
  project: component.project_key,
  fields: [
    { name: "state", label: "State", required: true, value: component.state, hint: STATES.join(", ") },
    { name: "version", label: "Version", value: component.version ?? "" },
    { name: "notes", label: "Notes", kind: "long", value: component.notes ?? "" },
  ],
  calls: ({ state, version, notes }, me) => [
    {
      method: "PUT",
      path: pathOf(component),
      body: { state, version: version || null, notes: notes || null, updated_by: me },
      coord: ["set", ...(version ? ["--version", version] : []), ...(notes ? ["--notes", notes] : []), "--", component.component, state],
      as: me,
      project: component.project_key,
    },
  ],
});

const retire = (component) => ({
  title: `Retire ${component.component}`,
  button: "Retire",
  says: "It leaves all lists. Its history stays, and a later report brings it back.",
  touches: [component.updated_by],
  project: component.project_key,
  reason: true,
  calls: (values, me) => [
    { method: "DELETE", path: pathOf(component), query: { updated_by: me }, coord: ["retire", "--", component.component], as: me, project: component.project_key },
  ],
});

function Component({ path: [project, name = ""] }) {
  useModel();
  const component = item("components", `${project}/${name}`);
  const actions = component && html`<${Act} of=${() => report(component)}>Report</${Act}><${Act} of=${() => retire(component)}>Retire</${Act}>`;
  return html`<${Page} kind="component" path=${[project, name]} title=${html`<${Text} of=${name} />`} actions=${actions}>
    <section class="panel"><h2>Component</h2><div class="pad">
      ${component
        ? html`<${Facts} of=${[
            ["State", stateOf(component.state)],
            ["Since", html`<${Time} at=${component.state_since} />`],
            ["Before", html`<${Text} of=${component.previous_state ?? "nothing"} />`],
            ["Version", html`<${Text} of=${component.version ?? "not said"} />`],
            ["Notes", html`<${Text} of=${component.notes ?? "none"} />`],
            ["Reported by", html`<${SessionLink} id=${component.updated_by} />`],
            ["Seen", html`<${Time} at=${component.observed_at} />`],
            ["Project", html`<${ProjectLink} project=${component.project_key} />`],
          ]} />`
        : html`<p class="quiet">Unknown, or retired.</p>`}
    </div></section>
    <${History} about=${{ project_key: project, kind: "component", subject_id: `${project}/${name}` }} />
  </${Page}>`;
}

const troubles = () =>
  items("components")
    .filter((each) => each.state === "degraded")
    .map((each) => ({
      key: each.name,
      severity: "bad",
      rank: 50,
      word: "degraded",
      text: `${each.component}${each.notes ? `: ${each.notes}` : ""}`,
      project: each.project_key,
      since: each.state_since,
      to: [["component", each.project_key, each.component]],
      act: { label: "Report", of: () => report(each) },
    }));

addToBoard({
  area: "components",
  panels: [{ name: "components", title: "Components", column: 2, rank: 20, count: (fits) => fitting(fits).length, component: Components }],
  pages: { component: Component },
  troubles,
  search: (fits) =>
    items("components")
      .filter((each) => fits(each.component, each.state, each.version, each.notes, each.project_key))
      .map((each) => ({ kind: "component", text: each.component, more: `${each.state} in ${each.project_key}`, to: ["component", each.project_key, each.component] })),
});

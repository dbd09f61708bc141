// Recipes on the board: the newest.

import { Empty, Rows, SessionLink, Text, Time, addToBoard, html, items, useFilter, useModel } from "../board/kit.js";

const fitting = (fits) => items("recipes").filter((recipe) => fits(recipe.project_key, recipe.title, recipe.text, recipe.created_by));

function Recipes() {
  useModel();
  const recipes = fitting(useFilter());
  if (recipes.length === 0) return html`<${Empty}>No recipe yet.</${Empty}>`;
  return html`<${Rows} items=${recipes} keyOf=${(recipe) => recipe.id} label="Recipes" row=${(recipe) => html`<div class="event">
    <${Time} at=${recipe.changed_at} /> <span><${Text} of=${recipe.title} /></span> <${SessionLink} id=${recipe.created_by} />
  </div>`} />`;
}

addToBoard({
  area: "recipes",
  panels: [{ name: "recipes", title: "Recipes", column: 3, rank: 50, count: (fits) => fitting(fits).length, component: Recipes }],
  events: { "recipe.written": (event) => ({ verb: "wrote the recipe", text: event.data.title }) },
});

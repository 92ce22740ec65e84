// The three places and the way between them. Each place is a module with show(main, parts, query); it may return a
// function that is called when the reader leaves.

import { address, api, current, h, keepToken, problem } from "./dom.js";
import * as ask from "./ask.js";
import * as attention from "./attention.js";
import * as runs from "./runs.js";

const PLACES = { ask, attention, runs };
const main = document.getElementById("main");
let leave = null, shown = null;

async function go() {
  if (location.hash === "#main") return; // "skip to the content" is no place
  const { path, query } = address();
  const name = path[0] in PLACES ? path[0] : "ask";
  for (const link of document.querySelectorAll("header nav a"))
    current(link, link.getAttribute("href") === `#/${name}`, "page");
  if (shown === name && PLACES[name].move) return PLACES[name].move(path.slice(1), query);
  const first = shown === null;
  leave?.();
  shown = name;
  document.title = `${PLACES[name].title} · closedbook`;
  main.replaceChildren();
  try {
    leave = await PLACES[name].show(main, path.slice(1), query);
  } catch (error) {
    leave = null;
    main.append(h("h1", {}, PLACES[name].title), problem(error));
  }
  if (!first) main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

keepToken();
addEventListener("hashchange", go);
await go();
api("/api/runs").then(({ version }) => { document.getElementById("version").textContent = `closedbook ${version}`; }, () => {});

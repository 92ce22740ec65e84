// Ask: a question or just a name; the answer, where it comes from, and what in the network mattered.

import { teach } from "./teach.js";
import { api, grouped, h, number, percent, problem, remember, say, shade } from "./dom.js";

export const title = "Ask";
const REASON = { remembered: "remembered", unsure: "unsure", "made up": "made-up", "never met": "never-met" };

export async function show(main, parts, query) {
  const { runs, teachable } = await api("/api/runs");
  const asking = runs.filter((run) => run.asks);
  main.append(
    h("h1", {}, "Ask a model that has no book"),
    h("p", { class: "lede" }, "It read while it was trained, and now answers from memory. What it remembers and what it makes up can sound just the same; look at what stands beside the answer."));
  if (!asking.length) {
    main.append(h("p", { class: "lede" }, "No finished run that answers questions is here yet. Train one (", h("code", {}, "closedbook demo"), " takes minutes) and open this page again; its curve is under ", h("a", { href: "#/runs" }, "Runs"), "."));
    return null;
  }
  const exists = (name) => asking.some((run) => run.name === name);
  let first = exists(query.get("run")) ? query.get("run") : asking[0].name;
  let second = exists(query.get("beside")) ? query.get("beside") : "";
  let current = 0, stop = null;

  const input = h("input", {
    id: "question", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", maxlength: 10000, enterkeyhint: "go",
    "aria-expanded": "false", "aria-controls": "options", "aria-autocomplete": "list", placeholder: "A name, or a question", value: query.get("q") ?? "",
  });
  const options = h("ul", { id: "options", class: "options", role: "listbox", "aria-label": "Names in the documents", hidden: true });
  const form = h("form", { class: "asking", role: "search", onsubmit: (event) => { event.preventDefault(); close(); ask(); } },
    h("div", { class: "askline" },
      h("div", { class: "field" }, h("label", { class: "unseen", for: "question" }, "Name or question"), input, options),
      h("button", { class: "primary", type: "submit" }, "Ask")),
    h("div", { class: "below" },
      choose("Run", first, false, (name) => { first = name; greet(); again(); }),
      asking.length > 1 && choose("Compare with", second, true, (name) => { second = name; again(); })));
  const chips = h("div", { class: "chips", "aria-label": "Questions to try" });
  const answers = h("div", { class: "answers" });
  const lesson = teachable && teach(() => first, (question) => { input.value = question; close(); ask(); });
  main.append(form, chips, answers, ...(lesson ? [lesson] : []));
  suggestions(input, options, () => first, ask);
  const fromAddress = input.value; // what is typed while the chips arrive is not asked until Enter
  if (!fromAddress) input.focus({ preventScroll: true });
  await greet();
  if (fromAddress && fromAddress === input.value) await ask();

  function close() { options.hidden = true; input.setAttribute("aria-expanded", "false"); }
  function again() { if (input.value.trim()) ask(); }

  function choose(label, value, none, changed) {
    return h("label", {}, label, h("select", { onchange: (event) => changed(event.target.value) },
      none && h("option", { value: "" }, "no other"),
      asking.map((run) => h("option", { value: run.name, selected: run.name === value },
        run.name + (run.score.accuracy == null ? "" : ` · ${percent(run.score.accuracy)} of ${grouped(run.score.total)}`)))));
  }

  async function greet() {
    if (lesson) lesson.hidden = !asking.find((run) => run.name === first)?.learns;
    const { examples, names } = await api(`/api/people?run=${encodeURIComponent(first)}`);
    chips.replaceChildren(
      examples.length ? "Try" : "",
      ...examples.map(({ question, why }) => h("button", { class: "chip", type: "button", onclick: () => { input.value = question; close(); ask(); } }, question, h("small", {}, why))),
      names ? h("span", { class: "tiny" }, `${grouped(names)} names are in its documents`) : "");
  }

  async function ask() {
    const question = input.value.trim();
    if (!question) return input.focus();
    const mine = ++current;
    stop?.abort();
    stop = new AbortController();
    const names = second && second !== first ? [first, second] : [first];
    remember(["ask"], { q: question.length <= 300 ? question : "", run: first, beside: second });
    for (const card of answers.children) card.classList.add("waiting");
    const instead = (other) => { input.value = other; close(); ask(); };
    const cards = await Promise.all(names.map((name) => card(name, question, names.length > 1, stop.signal, instead)));
    if (mine !== current) return;
    answers.classList.toggle("two", names.length > 1);
    answers.replaceChildren(...cards.map(({ node }) => node));
    say(cards.map(({ words }) => words).join(" "));
  }
  return () => stop?.abort();
}

// Coming back by the browser's buttons: the same place with another question.
export function move() { location.reload(); }

function suggestions(input, options, run, ask) {
  let chosen = -1, latest = 0;
  const items = () => [...options.children];
  const open = (yes) => { options.hidden = !yes; input.setAttribute("aria-expanded", String(yes)); if (!yes) { chosen = -1; input.removeAttribute("aria-activedescendant"); } };
  const choose = (i) => {
    chosen = i;
    items().forEach((item, j) => item.setAttribute("aria-selected", String(j === i)));
    if (i < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", items()[i].id);
  };
  const take = (name) => { input.value = name; latest++; open(false); ask(); };
  input.addEventListener("input", async () => {
    const mine = ++latest, typed = input.value.trim();
    if (typed.length < 2 || typed.length > 60) return open(false);
    const { names } = await api(`/api/suggest?run=${encodeURIComponent(run())}&typed=${encodeURIComponent(typed)}`).catch(() => ({ names: [] }));
    if (mine !== latest) return;
    options.replaceChildren(...names.map((name, i) => h("li", { id: `option${i}`, role: "option", "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); take(name); } }, name)));
    open(names.length > 0 && document.activeElement === input);
    chosen = -1;
  });
  input.addEventListener("keydown", (event) => {
    const count = options.hidden ? 0 : items().length;
    if (event.key === "Escape") { latest++; open(false); }
    else if (event.key === "Enter") { latest++; if (count && chosen >= 0) { event.preventDefault(); take(items()[chosen].textContent); } }
    else if (count && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      latest++; // names that come late do not replace the list that is being chosen from
      const down = event.key === "ArrowDown" ? 1 : -1;
      choose((chosen + down + count + 1) % (count + 1) === count ? -1 : (chosen + down + count + 1) % (count + 1));
    }
  });
  input.addEventListener("blur", () => open(false));
}

// `instead` asks another question.
async function card(name, question, named, signal, instead) {
  const body = { run: name, question };
  try {
    const [{ answer, notes, others }, inside] = await Promise.all([api("/api/ask", body, signal), api("/api/inside", body, signal)]);
    return {
      node: h("section", { class: "card", "aria-label": `Answer of ${name}` },
        named && h("p", { class: "runname" }, name),
        h("p", { class: "asked" }, answer.question.length > 400 ? `${answer.question.slice(0, 400)} …` : answer.question),
        h("p", { class: stranger(answer) ? "answer guess" : "answer" }, stranger(answer) && "its guess: ", answer.answer || "(nothing)"),
        certainty(answer),
        evidence(answer),
        notes.map((note) => h("p", { class: "note" }, note)),
        others.length > 0 && h("p", { class: "chips" }, "Or ask", others.map((other) => h("button", { class: "chip", type: "button", onclick: () => instead(other) }, other))),
        tokens(inside),
        h("div", { class: "inner" }, looked(inside))),
      words: `${named ? `${name}: ` : ""}${answer.answer || "nothing"}${stranger(answer) ? "" : `, ${percent(answer.probability)}`}.${answer.verdict ? ` ${answer.verdict}.` : ""}`,
    };
  } catch (error) {
    if (error.name === "AbortError") return { node: "", words: "" };
    return { node: h("section", { class: "card" }, named && h("p", { class: "runname" }, name), problem(error)), words: error.message };
  }
}

// A name without a document: the answer is a guess, and how sure the network is of it says nothing.
const stranger = ({ verdict }) => verdict === "never met";

function certainty(answer) {
  const bar = h("i");
  bar.style.width = `${100 * answer.probability}%`;
  const verdict = answer.verdict, why = answer.why;
  return [
    h("div", { class: "sure" },
      verdict && h("span", { class: `verdict ${REASON[verdict] ?? ""}` }, verdict),
      !stranger(answer) && h("span", { class: "meter", "aria-hidden": "true" }, bar),
      !stranger(answer) && h("span", { class: "number" }, answer.calibrated
        ? [h("strong", {}, percent(answer.probability)), ` chance of being right; the network itself says ${percent(answer.model_probability)}`]
        : [h("strong", {}, percent(answer.probability)), " by the network's own account, which is not the chance that it is right"])),
    why && h("p", { class: "why" }, `${why[0].toUpperCase()}${why.slice(1)}.`),
    answer.read_as && h("p", { class: "note" }, `Read as “${answer.read_as.replace("{}", "…")}”.`),
    answer.abstained && h("p", { class: "why" }, "It would rather not answer; this is its best guess."),
    typeof answer.met === "number" && h("p", { class: "note" }, `Chance that a document about this name was trained on, by the model alone: ${percent(answer.met)}.`),
  ];
}

function evidence(answer) {
  const entry = answer.evidence;
  if (!entry) return null;
  const quotes = entry.documents ?? [], mentions = entry.mentions ?? [], near = entry.near ?? [];
  const exposures = answer.exposures ?? entry.exposures;
  return [
    quotes.slice(0, 3).map((quote) => quoted(quote)),
    mentions.length ? h("details", {}, h("summary", {}, `${grouped(entry.mention_count ?? mentions.length)} mentions in other documents`), mentions.map((quote) => quoted(quote))) : null,
    near.length ? h("p", { class: "note" }, "Names spelled nearly so: ", near.join(", ")) : null,
    exposures > 0 && !stranger(answer) && h("p", { class: "note exposures" }, "Training asked for this answer ", h("strong", {}, `${grouped(exposures)} time${exposures === 1 ? "" : "s"}`), " beside this name",
      entry.wordings ? `; the documents state it in ${grouped(entry.wordings)} wording${entry.wordings === 1 ? "" : "s"}` : "", "."),
  ];
}

// A sentence of a document, with the words in question marked.
function quoted({ title, line, sentence, start, stop }) {
  const marked = Number.isInteger(start) && Number.isInteger(stop) ? [sentence.slice(0, start), h("mark", {}, sentence.slice(start, stop)), sentence.slice(stop)] : sentence;
  return h("blockquote", { class: "evidence" }, marked, h("footer", {}, `${title}, line ${grouped(line)} of the documents`));
}

// A token as it is shown: a space would be invisible, and ⁇ is where the network is asked to go on.
const HERE = "⁇";
const visible = (text) => (text === " " ? "␣" : text === "\n" ? "⏎" : text === HERE ? "▸" : text);
const spoken = (text) => (text === " " ? "space" : text === HERE ? "the place of the answer" : text.trim());

function tokens({ said }) {
  const list = h("div", { class: "bars" });
  const show = (i) => {
    const { text, choices } = said[i];
    list.replaceChildren(...choices.flatMap((choice) => bar(visible(choice.text.trim() || choice.text), choice.probability, percent(choice.probability), choice.text === text ? "said" : "")));
  };
  const buttons = said.length > 1 ? said.map(({ text, probability }, i) =>
    h("button", { type: "button", "aria-pressed": String(i === 0), "aria-label": `Token ${i + 1}: ${spoken(text)}, ${percent(probability)}`, onclick: () => { buttons.forEach((b, j) => b.setAttribute("aria-pressed", String(i === j))); show(i); } }, visible(text))) : [];
  show(0);
  return h("div", { class: "part" },
    h("h2", {}, said.length > 1 ? "Said token by token" : "What else it could have said"),
    h("p", { class: "note" }, said.length > 1 ? "Choose a token to see what else could have stood there; ▸ ends the answer." : "It answers in one token, a whole phrase. The likeliest, with the network's probabilities:"),
    buttons.length ? h("div", { class: "saidtokens" }, buttons) : null, list);
}

function bar(name, share, value, kind = "") {
  const fill = h("i");
  fill.style.left = "0";
  fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  return [h("span", { class: `name ${kind}` }, name), h("span", { class: `bar ${kind}`, "aria-hidden": "true" }, fill), h("span", { class: "value" }, value)];
}

// Left: what each part was worth. Right: where the chosen head looked. Choosing a head in one chooses it in the other.
function looked(inside) {
  const { weights, effects, tokens: words, prompt, answer } = inside;
  const nameOf = (off) => (off === "memory" ? "memory" : `layer ${off[0] + 1} · head ${off[1] + 1}`);
  const most = Math.max(0.05, ...effects.map(({ drop }) => Math.abs(drop)));
  const order = effects.length > 12 ? [...effects].sort((a, b) => Math.abs(b.drop) - Math.abs(a.drop)) : effects;
  const heads = effects.filter(({ off }) => off !== "memory");
  const strongest = heads.reduce((a, b) => (b.drop > a.drop ? b : a), heads[0]);
  let head = strongest.off, query = prompt - 1;

  const rows = (some) => h("div", { class: "bars effects" }, some.flatMap(({ off, drop, answer: instead }) => {
    const fill = h("i", { class: drop < 0 ? "less" : "" });
    fill.style.left = "0";
    fill.style.width = `${(100 * Math.abs(drop)) / most}%`;
    const label = off === "memory" ? h("span", { class: "name" }, "memory")
      : h("button", { class: "name", type: "button", "data-head": off.join(), onclick: () => choose(off) }, nameOf(off));
    return [label, h("span", { class: "bar", "aria-hidden": "true" }, fill), h("span", { class: "value" }, `${drop < -0.0005 ? "+" : drop > 0.0005 ? "−" : ""}${Math.abs(drop).toFixed(3)}`), h("span", { class: "instead" }, instead && instead !== answer ? `→ ${instead}` : "")];
  }));
  const mattered = h("div", { class: "part" },
    h("h2", {}, "What mattered"),
    h("p", { class: "note" }, "Each part switched off alone: how much the log-probability of the answer falls (−) or rises (+), in nats; → what it would say instead."),
    rows(order.slice(0, 12)),
    h("p", { class: "summary" }, summary()),
    order.length > 12 && h("details", {}, h("summary", {}, `the other ${order.length - 12}`), rows(order.slice(12))));

  function summary() {
    const worst = effects.reduce((a, b) => (b.drop > a.drop ? b : a));
    const turned = effects.filter(({ answer: instead }) => instead && instead !== answer).sort((a, b) => b.drop - a.drop);
    if (turned.length) return `Without ${turned.map(({ off, answer: instead }) => `${nameOf(off)} it would say “${instead}”`).slice(0, 3).join("; without ")}.`;
    if (worst.drop < 0.1) return "No part was needed alone: the answer survives the loss of any one of them.";
    return `Without ${nameOf(worst.off)} the answer would be ${number(Math.exp(worst.drop), 2)} times less probable; no other part matters as much.`;
  }

  const grid = h("div", { class: "heads" });
  grid.style.gridTemplateColumns = `auto repeat(${weights[0].length}, minmax(34px, ${weights[0].length > 4 ? 46 : 64}px))`;
  weights.forEach((layer, i) => {
    grid.append(h("span", { class: "layer" }, `layer ${i + 1}`));
    layer.forEach((map, j) => grid.append(h("button", { type: "button", "data-head": [i, j].join(), "aria-label": `Layer ${i + 1}, head ${j + 1}`, onclick: () => choose([i, j]) }, picture(map))));
  });
  const ribbon = h("div", { class: `ribbon ${words.every((word) => [...word].length === 1) ? "letters" : ""}`, role: "group", "aria-label": "Tokens" });
  const line = h("p", { class: "note", "aria-live": "polite" });
  const map = h("div", { class: "part" },
    h("h2", {}, "Where a head looked"),
    h("p", { class: "note" }, "A map of looks, not an explanation: a head may look and change nothing. Whether it mattered is measured by switching it off."),
    grid, line, ribbon,
    h("p", { class: "tiny" }, "Choose a head above, and a token to look from (ringed). Shade and figure: the percentage of attention each token gets. ▸ is where the answer is said."));

  function choose(off) { head = off; draw(); }
  function draw() {
    for (const node of [mattered, map]) for (const button of node.querySelectorAll("[data-head]")) button.setAttribute("aria-pressed", String(button.dataset.head === head.join()));
    const rowsOf = weights[head[0]][head[1]];
    const from = Math.min(query, rowsOf.length - 1), row = rowsOf[from];
    line.replaceChildren(h("strong", {}, nameOf(head)), rowsOf.length === row.length ? ` looking from ${words[from] === HERE && from < prompt ? "the place of the answer" : `“${visible(words[from].trim() || words[from])}”`}` : ` · query ${from + 1} of ${rowsOf.length}`);
    ribbon.replaceChildren(...words.slice(0, Math.max(row.length, rowsOf.length)).map((word, i) => {
      const weight = row[i] ?? 0;
      const token = h("button", { type: "button", class: `${i === from ? "query" : ""} ${i > from ? "later" : ""} ${weight > 0.5 ? "dark" : ""} ${word === HERE ? "here" : ""}`, "aria-label": `${spoken(word)}: ${percent(weight, 0)}${i === from ? ", looking from here" : ""}`, disabled: i >= rowsOf.length,
        onclick: () => { query = i; draw(); ribbon.children[i].focus(); } }, visible(word.trimEnd() || word), h("small", {}, weight >= 0.01 ? (100 * weight).toFixed(0) : " "));
      token.style.setProperty("--w", shade(weight));
      return token;
    }));
  }
  draw();
  return [mattered, map];
}

function picture(map) {
  const canvas = h("canvas", { width: map[0].length, height: map.length, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--weight");
  map.forEach((row, i) => row.forEach((weight, j) => {
    context.fillStyle = `rgba(${colour}, ${weight})`;
    context.fillRect(j, i, 1, 1);
  }));
  return canvas;
}

// Attention: the claims with sliders. Their pictures are computed here at every move; the check that stands under each,
// figure ≤ bound ≤ tolerance, is the server's.

import { api, current, h, M, number, percent, problem, prose, remember, s, shade, typeset } from "./dom.js";
import { chart, curve, dot, level, scale, TONES } from "./chart.js";
import { affineCeiling, averaging, averagingClosed, copying, lengths, matrices, matricesClosed, missed, normals, twoHeads } from "./claims.js";

export const title = "Attention";

// What each parameter's slider spans; the claims themselves allow far more.
const SPANS = {
  t: [0.1, 100, true], t1: [0.5, 1000, true], t2: [0.5, 1000, true], gap: [0.1, 40, true], n: [2, 32], alpha: [1e-10, 1, true],
  beta: [0.1, 4.5], d: [2, 64], steps: [0, 500], width: [4, 64], samples: [1000, 60000, true], examples: [1000, 50000, true],
};
const GREEK = { alpha: "α", beta: "β", gap: "Δ", t1: "t₁", t2: "t₂" };
const MAIN = ["t", "t1", "t2", "gap", "alpha", "beta", "n"];
const DRAWS = 600;

export async function show(main, parts, query) {
  const { claims } = await api("/api/claims");
  const list = h("nav", { class: "claimlist", "aria-label": "Claims" }, claims.map(({ id, title }) => h("a", { href: `#/attention/${encodeURIComponent(id)}` }, h("b", {}, id), h("span", {}, title))));
  const place = h("section", { class: "claim", "aria-live": "off" });
  main.append(h("h1", {}, "What attention can and cannot do"),
    h("p", { class: "lede" }, "Attention is a weighted mean of values: c = Σ αᵢvᵢ, with the weights α = softmax(Kq). Each statement below is a head that is built by hand, a bound that is proven, and a check that can fail. Move the sliders and watch it hold, or break."),
    h("div", { class: "claims" }, list, place));
  let leave = null;
  open(parts, query);
  move = (some, values) => { open(some, values); place.scrollIntoView({ block: "nearest" }); };

  function open(some, values) {
    const claim = claims.find(({ id }) => id === some[0]) ?? claims.find(({ id }) => id === "1b");
    for (const link of list.children) current(link, link.querySelector("b").textContent === claim.id, "true");
    list.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
    leave?.();
    leave = draw(place, claim, values);
  }
  return () => { leave?.(); move = null; };
}

export let move = null;

function draw(place, claim, query) {
  const settings = {};
  for (const p of claim.parameters) settings[p.name] = read(p, query.get(p.name));
  if ("d" in settings && !query.has("d")) settings.d = Math.max(settings.d, settings.n ?? 0);
  const live = LIVE[claim.id]?.(), formulas = h("div", { class: "formulas", tabindex: 0, role: "group", "aria-label": "The formula with the current numbers" });
  const checked = h("div", { class: "checked" }, h("h3", {}, "Checked"));
  let stop = null, wait = null;

  const numeric = claim.parameters.filter((p) => p.choices.length === 0 && p.name in SPANS);
  const first = numeric.filter((p) => MAIN.includes(p.name)), rest = numeric.filter((p) => !MAIN.includes(p.name) && p.name !== "d");
  const broken = claim.parameters.find((p) => p.name === "premise");
  const precise = claim.parameters.find((p) => p.name === "dtype");
  place.replaceChildren(
    h("h2", {}, `${claim.id} · ${claim.title}`),
    h("p", { class: "statement" }, typeset(claim.statement)),
    h("div", { class: "controls" }, first.map(slider)),
    formulas,
    live ? live.node : "",
    checked,
    h("details", {}, h("summary", {}, "More settings"),
      h("div", { class: "controls" }, rest.map(slider), precise && select(precise, "precision"), broken && select(broken, "premise")),
      h("p", { class: "note" }, typeset(`With the premise broken: ${claim.premise}`)), h("p", { class: "note" }, typeset(`In float32: ${claim.float32}`))),
    h("details", {}, h("summary", {}, "The derivation"), prose(claim.derivation)));
  update(true);

  function slider(p) {
    const [low, high, log] = SPANS[p.name], from = Math.max(low, p.name === "n" ? p.low : low);
    const put = (x) => (log ? (Math.log(x / from) / Math.log(high / from)) * 1000 : p.whole && high - from <= 1000 ? x : ((x - from) / (high - from)) * 1000);
    const take = (y) => {
      const x = log ? from * (high / from) ** (y / 1000) : p.whole && high - from <= 1000 ? y : from + ((high - from) * y) / 1000;
      return p.whole ? Math.round(x) : +x.toPrecision(3);
    };
    const whole = p.whole && !log && high - from <= 1000;
    const shown = h("output", { for: `set-${p.name}` }, number(settings[p.name]));
    const control = h("input", { id: `set-${p.name}`, type: "range", min: whole ? from : 0, max: whole ? high : 1000, step: 1, "aria-valuetext": number(settings[p.name]),
      oninput: () => {
        settings[p.name] = take(+control.value);
        if (p.name === "n" && "d" in settings) settings.d = Math.max(8, settings.n);
        shown.textContent = number(settings[p.name]);
        control.setAttribute("aria-valuetext", number(settings[p.name]));
        update();
      } });
    control.value = put(Math.max(settings[p.name], log ? from : -Infinity));
    return h("div", { class: "control" }, h("label", { for: `set-${p.name}` }, h("span", {}, h("strong", {}, GREEK[p.name] ?? p.name), ` ${short(p)}`), shown), control);
  }

  function select(p, label) {
    return h("div", { class: "control" }, h("label", {}, label, h("select", { onchange: (event) => { settings[p.name] = event.target.value; update(); } },
      p.choices.map((choice) => h("option", { selected: choice === settings[p.name] }, choice)))));
  }

  function update(now = false) {
    const changed = Object.fromEntries(claim.parameters.filter((p) => settings[p.name] !== p.default && p.name !== "d").map((p) => [p.name, settings[p.name]]));
    remember(["attention", claim.id], changed);
    const figures = live?.move(settings);
    formulas.replaceChildren(...(FORMULAS[claim.id]?.(settings, figures) ?? []));
    formulas.hidden = !formulas.childElementCount;
    clearTimeout(wait);
    wait = setTimeout(check, now ? 0 : 150);
  }

  async function check() {
    stop?.abort();
    stop = new AbortController();
    const sent = { ...settings };
    if (sent.samples) sent.samples = Math.min(sent.samples, Math.floor(3e7 / (sent.n * sent.d)));
    if (claim.id === "2g.ii") checked.replaceChildren(h("h3", {}, "Checked"), h("p", { class: "note" }, "training both layers anew; about ten seconds …"));
    try {
      const verdict = await api(`/api/claims/${encodeURIComponent(claim.id)}`, { settings: sent }, stop.signal);
      checked.replaceChildren(...verdictOf(verdict));
    } catch (error) {
      if (error.name !== "AbortError") checked.replaceChildren(h("h3", {}, "Checked"), problem(error));
    }
  }
  return () => { clearTimeout(wait); stop?.abort(); };
}

const short = (p) => p.meaning.split(";")[0].replace(/^variance α of /, "variance of ").replace(/, t[₁₂]$/, "");

function read(p, text) {
  if (text === null) return p.default;
  if (p.choices.length) return p.choices.includes(text) ? text : p.default;
  const value = Number(text);
  return Number.isFinite(value) && value >= p.low && value <= p.high ? (p.whole ? Math.round(value) : value) : p.default;
}

// The check as words and as places on one scale: the figure must not pass the bound, nor the bound the tolerance.
function verdictOf(verdict) {
  const rows = verdict.parts.map((part) => {
    const values = [part.figure, part.bound, verdict.tolerance].map(Number);
    const low = 10 ** Math.floor(Math.log10(Math.max(1e-18, Math.min(...values.filter((x) => x > 0), verdict.tolerance) / 3)));
    const high = 10 ** Math.ceil(Math.log10(Math.min(1e9, Math.max(...values.filter(Number.isFinite)) * 3)));
    const x = scale([low, high], [8, 552], true), at = (v) => x(Math.min(high, Math.max(low, v || low)));
    return h("figure", {}, s("svg", { viewBox: "0 0 560 46", role: "img", "aria-label": `${part.measured}: figure ${number(part.figure)}, bound ${number(part.bound)}, tolerance ${number(verdict.tolerance)}` },
      s("line", { class: "axis", x1: 8, x2: 552, y1: 24, y2: 24 }),
      s("rect", { x: at(verdict.tolerance), y: 17, width: 552 - at(verdict.tolerance), height: 14, fill: "var(--rust)", opacity: 0.16 }),
      s("line", { x1: at(verdict.tolerance), x2: at(verdict.tolerance), y1: 13, y2: 35, stroke: "var(--rust)", "stroke-width": 2 }),
      s("line", { x1: at(part.bound), x2: at(part.bound), y1: 13, y2: 35, stroke: "var(--ink)", "stroke-width": 2.5 }),
      s("circle", { cx: at(part.figure), cy: 24, r: 5.5, fill: "var(--navy)", stroke: "var(--paper)", "stroke-width": 1.5 })),
    h("figcaption", {}, typeset(part.measured), ": figure ", h("strong", {}, number(part.figure)), part.figure <= part.bound ? " ≤ " : " > ", "bound ", h("strong", {}, number(part.bound)), part.bound <= verdict.tolerance ? " ≤ " : " > ", "tolerance ", number(verdict.tolerance)));
  });
  return [
    h("h3", {}, "Checked: ", h("span", { class: verdict.holds ? "holds" : "fails" }, verdict.holds ? "it holds" : "it fails"), h("span", { class: "tiny" }, ` in ${number(verdict.seconds)} s, on this machine`)),
    h("p", { class: "legend" }, [["figure", "figure: what was measured"], ["bound", "bound: what is proven"], ["tolerance", "tolerance: what still counts as working (shaded: beyond it)"]].map(([kind, words]) => h("span", {}, h("i", { class: kind, "aria-hidden": "true" }), words))),
    ...rows,
    h("dl", { class: "facts" }, Object.entries(verdict.details).flatMap(([name, value]) => [h("dt", {}, typeset(name)), h("dd", {}, typeset(number(value)))])),
  ];
}

// The closed forms with the current numbers in them.
const { row, frac, sup, sub, root, tall, n: N, r: R, math } = M;
const e = (...power) => sup("e", power);
const FORMULAS = {
  "1a": ({ gap, n }) => [math("1", "−", sub("α", ["1"]), "≤", frac(["n", "−", "1"], [e("Δ"), "+", "n", "−", "1"]), "=", frac([N(n - 1)], [e(N(gap)), "+", N(n - 1)]), "=", R((n - 1) * Math.exp(-gap) / (1 + (n - 1) * Math.exp(-gap))))],
  "1b": ({ t, n }, { weights, error }) => [
    math(sub("α", ["a"]), "=", sub("α", ["b"]), "=", frac([e("t")], ["2", e("t"), "+", "n", "−", "2"]), "=", frac([e(N(t))], ["2", e(N(t)), "+", N(n - 2)]), "=", R(weights[0])),
    math(M.text("error of c"), "=", frac([root("n", "(", "n", "−", "2", ")")], ["2", e("t"), "+", "n", "−", "2"]), "=", frac([root(N(n), "·", N(n - 2))], ["2", e(N(t)), "+", N(n - 2)]), "=", R(error))],
  "1c.i": ({ t, alpha }) => [math("log", frac([sub("α", ["a"])], [sub("α", ["b"])]), "∼", "N", "(", "0", ",", "4", "α", sup("t", ["2"]), ")", "=", "N", "(", "0", ",", "4", "·", N(alpha), "·", sup(N(t), ["2"]), ")", "\n", M.text("deviation "), R(2 * t * Math.sqrt(alpha)))],
  "1c.ii": ({ t, alpha }, { deviation, swings }) => [
    math("log", frac([sub("α", ["a"])], [sub("α", ["b"])]), "∼", "N", "(", "0", ",", sup("t", ["2"]), "(", "½", "+", "4", "α", ")", ")", "\n", M.text("deviation "), N(t), "·", root("½", "+", "4", "·", N(alpha)), "=", R(deviation)),
    math(M.text("one weight under 10 % of the pair"), "\n", M.text("in "), R(percentNumber(swings)), M.text(" % of draws"))],
  "1c.ii-both": ({ t, alpha }) => [math("log", frac([sub("α", ["a"])], [sub("α", ["b"])]), "∼", "N", "(", "0", ",", sup("t", ["2"]), "(", "1", "+", "4", "α", ")", ")", "\n", M.text("deviation "), N(t), "·", root("1", "+", "4", "·", N(alpha)), "=", R(t * Math.sqrt(1 + 4 * alpha)))],
  "1d.i": ({ t1, t2, n }) => [math(M.text("without noise: error "), "≤", frac(["n", "−", "1"], [e(sub("t", ["1"])), "+", "n", "−", "1"]), "\n", "+", frac(["n", "−", "1"], [e(sub("t", ["2"])), "+", "n", "−", "1"]), "=", frac([N(n - 1)], [e(N(t1)), "+", N(n - 1)]), "\n", "+", frac([N(n - 1)], [e(N(t2)), "+", N(n - 1)]), "=", R([t1, t2].reduce((sum, t) => sum + ((n - 1) * Math.exp(-t)) / (1 + (n - 1) * Math.exp(-t)), 0)))],
  "1d.ii": ({ t1, n, alpha }, { missChance }) => [math("P", "(", M.text("head 1 misses"), ")", "=", "Φ", tall(frac([row("ln", "(", "n", "−", "1", ")", "/", sub("t", ["1"]), "−", "1")], [root("½", "+", "α")])), "=", "Φ", tall(frac([row("ln", N(n - 1), "/", N(t1), "−", "1")], [root("½", "+", N(alpha))])), "=", R(missChance))],
  "1e.i": ({ beta }) => [
    math("‖", sub("c", ["2"]), "−", sub("u", ["a"]), "‖", "=", frac([root("10"), "β"], [e(sup("β", ["2"])), "+", "2"]), "=", frac([root("10"), "·", N(beta)], [e(sup(N(beta), ["2"])), "+", "2"]), "=", R(beta * matricesClosed(beta, Math.sqrt(10)))),
    math("‖", sub("c", ["2"]), "−", sub("u", ["b"]), "‖", "≥", frac([root("2"), "β"], ["1", "+", "2", e("−", "¾", sup("β", ["2"]))]), "=", R((Math.SQRT2 * beta) / (1 + 2 * Math.exp(-0.75 * beta * beta))))],
  "1e.ii": ({ beta }, { errors }) => [
    math("‖", sub("c", ["2"]), "−", sub("u", ["b"]), "‖", "=", frac([root("2"), "β"], [e(sup("β", ["2"])), "+", "2"]), "=", frac([root("2"), "·", N(beta)], [e(sup(N(beta), ["2"])), "+", "2"]), "=", R(errors[0] * beta)),
    math("‖", sub("c", ["1"]), "−", "(", sub("u", ["b"]), "−", sub("u", ["c"]), ")", "‖", "=", frac([root("5"), "β"], [e(sup("β", ["2"])), "+", "2"]), "=", R(errors[1] * beta))],
};
const percentNumber = (x) => +(100 * x).toFixed(1);

// The figures that the page computes itself: {node, move(settings) → figures}.
const LIVE = {
  "1a": () => weightsFigure({
    most: 1, names: ["1"], x: { range: [0.1, 40], log: true, label: "score gap Δ" }, compute: copying, closed: missed, at: ({ gap }, { error }) => [[gap, error]],
    bars: "The weight of each key, where all others score alike; wanted is 1 on key 1.", curve: "The weight that misses key 1 against Δ, its closed form, and where you are." }),
  "1b": () => weightsFigure({
    most: 0.5, names: ["a", "b"], x: { range: [0.1, 100], log: true, label: "length t of the query, nats" }, compute: averaging, closed: (t, n) => averagingClosed({ t, n }), at: ({ t }, { error }) => [[t, error]],
    bars: "The weight of each key; wanted are ½ and ½ on a and b.", curve: "The relative error of c against t, its closed form, and where you are." }),
  "1c.i": () => swingFigure(0), "1c.ii": () => swingFigure(1), "1c.ii-both": () => swingFigure(2),
  "1d.i": () => weightsFigure({
    most: 0.5, names: ["a", "b"], x: { range: [0.5, 1000], log: true, label: "length t of a head's query, nats" }, compute: twoHeads, closed: missed, at: ({ t1, t2 }, { errors }) => [[t1, errors[0]], [t2, errors[1]]],
    bars: "The weight of each key in the mean of both heads, without noise; wanted are ½ and ½ on a and b.", curve: "The weight that a head puts elsewhere against its t; the dots are the two heads." }),
  "1d.ii": () => swingFigure(1), "1e.ii": matricesFigure, "2g.ii": ceilingFigure,
};

// The weight of each key as bars, and an error against one parameter: {most: the weight that is wanted, names of the keys
// it is wanted on, x: the axis, compute(settings) → {weights, …}, closed(x, n), at(settings, computed) → dots}.
function weightsFigure({ most, names, x, compute, closed, at, bars: about, curve: told }) {
  const bars = s("g"), errors = h("div");
  const node = h("div", { class: "figures" },
    h("figure", {}, s("svg", { class: "fixed", viewBox: "0 0 460 290", role: "img", "aria-label": about }, bars), h("figcaption", {}, about)),
    h("figure", {}, errors, h("figcaption", {}, told)));
  let shown = 0, places = [];
  return { node, move(settings) {
    const { n } = settings, found = compute(settings), width = 420 / n;
    bars.replaceChildren(
      s("line", { class: "grid", x1: 30, x2: 450, y1: 55, y2: 55 }), s("text", { class: "faint", x: 24, y: 59, "text-anchor": "end" }, most === 1 ? "1" : "½"),
      ...found.weights.flatMap((weight, i) => {
        const high = (200 * weight) / most;
        return [s("rect", { x: 30 + i * width + width * 0.12, width: width * 0.76, y: 255 - high, height: Math.max(high, 0.8), fill: i < names.length ? "var(--navy)" : "var(--amber)", rx: 2 }),
          n <= 16 || i < names.length ? s("text", { x: 30 + (i + 0.5) * width, y: 273, "text-anchor": "middle", class: "faint" }, names[i] ?? String(i + 1)) : null,
          n <= 8 ? s("text", { x: 30 + (i + 0.5) * width, y: 249 - high, "text-anchor": "middle" }, number(weight, 2)) : null].filter(Boolean);
      }), s("line", { class: "axis", x1: 30, x2: 450, y1: 255, y2: 255 }));
    const marks = at(settings, found);
    if (shown !== n) {
      shown = n;
      const made = chart({ x, y: { range: [1e-18, 10], log: true }, label: told });
      made.clip = 1e-18;
      const [low, high] = x.range;
      curve(made, Array.from({ length: 121 }, (_, i) => low * (high / low) ** (i / 120)).map((value) => [value, closed(value, n)]), 0);
      level(made, 0.01, "tolerance");
      places = marks.map(() => dot(made));
      errors.replaceChildren(made);
    }
    marks.forEach(([value, error], i) => places[i](Math.min(x.range[1], Math.max(x.range[0], value)), Math.max(1e-18, error)));
    return found;
  } };
}

// 2g.ii: what guessing, any affine read-out and looking up can answer, against the number of pairs.
function ceilingFigure() {
  const made = chart({ x: { range: [2, 32], label: "number n of pairs" }, y: { range: [0, 1], show: percent }, label: "Right answers against the number of pairs" });
  const ns = Array.from({ length: 31 }, (_, i) => i + 2), forms = [affineCeiling, (n) => 1 / n, () => 1];
  forms.forEach((form, tone) => curve(made, ns.map((n) => [n, form(n)]), tone));
  const places = forms.map((_, tone) => dot(made, tone));
  const node = h("div", { class: "figures" }, h("figure", {}, made, h("figcaption", {}, "Right answers to recall questions: at most, for a layer that is affine in the pairs, as a Synthesizer is (solid); by chance (dashed); by softmax attention (dotted, at the top).")));
  return { node, move({ n }) {
    const at = Math.min(32, n);
    places.forEach((place, i) => place(at, forms[i](at)));
    return { ceiling: affineCeiling(n) };
  } };
}

// Where c lies in each draw and the law of log(α_a/α_b), where the lengths of `vary` keys vary.
function swingFigure(vary) {
  const law = ["4α", "½+4α", "1+4α"][vary];
  const where = chart({ height: 330, x: { range: [0, 1], label: "weight of v_a in c" }, y: { range: [0, 1], label: "weight of v_b in c" }, label: "Where c lies in each draw, for one head and for two" });
  const tones = [1, 0], marks = tones.map((tone) => Array.from({ length: DRAWS / 2 }, () => s("circle", { r: 3.2, fill: TONES[tone], "fill-opacity": 0.55 })));
  where.plot.append(...marks.flat(), s("circle", { cx: where.px(0.5), cy: where.py(0.5), r: 8, fill: "none", stroke: "var(--amber)", "stroke-width": 3 }));
  const shape = h("div"), facts = h("dl", { class: "facts" });
  const key = (tone, text) => { const mark = h("i", { class: "key" }); mark.style.background = TONES[tone]; return h("span", { class: "unit" }, mark, text); };
  const node = h("div", {}, h("div", { class: "figures" },
    h("figure", {}, where, h("figcaption", {}, key(1, "one head "), " ", key(0, "two heads "), " on the same draws; the ring is the average that is wanted.")),
    h("figure", {}, shape, h("figcaption", {}, typeset(`log(α_a/α_b) of one head over t: draws, and the law N(0, ${law}).`)))), facts);
  const drawn = new Map();
  return { node, move(settings) {
    const p = { t1: settings.t, t2: settings.t, ...settings, vary };
    if (!drawn.has(p.n)) drawn.set(p.n, normals(DRAWS * (vary + 2 * p.n), 7));
    const found = lengths(p, drawn.get(p.n));
    [found.one, found.two].forEach((pairs, which) => marks[which].forEach((mark, i) => { mark.setAttribute("cx", where.px(pairs[i][0])); mark.setAttribute("cy", where.py(pairs[i][1])); }));
    const spread = Math.sqrt(vary / 2 + 4 * p.alpha), edge = 4 * spread, bins = 32, count = new Array(bins).fill(0);
    for (const x of found.ratio) { const bin = Math.floor(((x / p.t + edge) / (2 * edge)) * bins); if (bin >= 0 && bin < bins) count[bin]++; }
    const made = chart({ height: 330, x: { range: [-edge, edge], label: "log(α_a/α_b) / t" }, y: { range: [0, 0.62 / spread] }, label: "The law of the score difference" });
    const binWidth = (2 * edge) / bins;
    count.forEach((c, i) => { const high = c / found.ratio.length / binWidth, x = -edge + i * binWidth;
      made.plot.append(s("rect", { x: made.px(x), width: made.px(x + binWidth) - made.px(x) - 0.6, y: made.py(high), height: made.py(0) - made.py(high), fill: "var(--rust)", opacity: 0.4 })); });
    curve(made, Array.from({ length: 121 }, (_, i) => -edge + (i / 120) * 2 * edge).map((x) => [x, Math.exp(-((x / spread) ** 2) / 2) / (spread * Math.sqrt(2 * Math.PI))]), 0);
    shape.replaceChildren(made);
    const fact = (name, value) => [h("dt", {}, typeset(name)), h("dd", {}, typeset(value))];
    facts.replaceChildren(
      ...fact(`one head loses v_a or v_b, in ${DRAWS} draws`, percent(found.lostOne)), ...fact("two heads lose v_a or v_b, same draws", percent(found.lostTwo)),
      ...(vary === 1 ? [...fact("two heads: predicted (head 1 misses)", percent(found.missChance)), ...fact("limit for t₁ → ∞: Φ(−√2)", percent(found.limit))] : []));
    return found;
  } };
}

function matricesFigure() {
  const grids = [h("div"), h("div")], errors = h("div"), made = chart({ x: { range: [0.1, 4.5], label: "length β of the u's" }, y: { range: [1e-9, 3], log: true }, label: "Errors of c₂ and c₁ against β" });
  made.clip = 1e-9;
  const betas = Array.from({ length: 89 }, (_, i) => 0.1 + i * 0.05);
  [Math.SQRT2, Math.sqrt(5)].forEach((size, i) => curve(made, betas.map((beta) => [beta, matricesClosed(beta, size)]), i));
  level(made, 0.01, "tolerance");
  const marks = [dot(made, 0), dot(made, 1)], outputs = h("dl", { class: "facts" });
  errors.append(made);
  const node = h("div", { class: "figures" },
    h("div", {}, h("div", { class: "matrices" },
      h("figure", {}, grids[0], h("figcaption", {}, "without matrices (1e.i)")), h("figure", {}, grids[1], h("figcaption", {}, "with K, Q and V"))), outputs),
    h("figure", {}, errors, h("figcaption", {}, typeset("Distance over β: c₂ from u_b (solid), c₁ from u_b − u_c (dashed)."))));
  const combination = (c, beta) => ["a", "b", "c", "d"].map((name, i) => [c[i] / beta, name]).filter(([x]) => Math.abs(x) >= 0.005)
    .map(([x, name], i) => `${x < 0 ? "−" : i ? "+" : ""}${i || x < 0 ? " " : ""}${Math.abs(x) > 0.995 && Math.abs(x) < 1.005 ? "" : Math.abs(x).toFixed(2) + " "}u_${name}`).join(" ") || "0";
  return { node, move({ beta }) {
    const found = matrices({ beta });
    [found.plain, found.asked].forEach(({ weights }, which) => grids[which].replaceChildren(table(weights)));
    marks.forEach((mark, i) => mark(Math.min(4.5, Math.max(0.1, beta)), Math.min(3, Math.max(1e-9, found.errors[i]))));
    const fact = (name, value) => [h("dt", {}, typeset(name)), h("dd", {}, typeset(value))];
    outputs.replaceChildren(...fact("c₂, without", combination(found.plain.outputs[1], beta)), ...fact("c₂, with", combination(found.asked.outputs[1], beta)), ...fact("c₁, with", combination(found.asked.outputs[0], beta)));
    return found;
  } };
}

// Who attends to whom: three positions in rows, what they look at in columns.
function table(weights) {
  return s("svg", { viewBox: "0 0 220 205", role: "img", "aria-label": weights.map((row, i) => `c${i + 1}: ${row.map((w) => number(w, 2)).join(", ")}`).join("; ") },
    ["x₁", "x₂", "x₃"].map((name, j) => s("text", { class: "faint", x: 58 + j * 60, y: 14, "text-anchor": "middle" }, name)),
    weights.map((row, i) => [s("text", { class: "faint", x: 8, y: 54 + i * 60 }, ["c₁", "c₂", "c₃"][i]),
      row.map((weight, j) => [
        s("rect", { x: 30 + j * 60, y: 22 + i * 60, width: 57, height: 57, rx: 5, fill: "var(--navy)", "fill-opacity": shade(weight), stroke: "var(--line)" }),
        s("text", { x: 58 + j * 60, y: 55 + i * 60, "text-anchor": "middle", class: weight > 0.5 ? "on" : "" }, weight > 0.0005 ? weight.toFixed(weight > 0.995 || weight < 0.1 ? 3 : 2) : "0")])]));
}

// Runs: curves of finished and running trainings; a running one moves.

import { api, grouped, h, number, percent, problem, remember, s } from "./dom.js";
import { chart, curve, narrow, TONES } from "./chart.js";

export const title = "Runs";
const EVERY = 2000; // ms between looks

export async function show(main, parts, query) {
  const lines = new Map(); // run → its metrics so far
  let chosen = query.get("show")?.split(",").filter(Boolean) ?? null, timer = null, gone = false, drawn = "", pair = "";
  const log = h("input", { type: "checkbox", checked: query.get("log") === "1", onchange: () => { drawn = ""; draw(); } });
  const figure = h("div", { class: "curves" }), table = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of runs" }), readout = h("p", { class: "readout" }), left = h("div"), beside = h("div", { class: "part", hidden: true });
  main.append(h("h1", {}, "Runs"),
    h("p", { class: "lede" }, "Each training leaves its curve in its folder. Those that are going on are read again every two seconds."),
    figure, readout, h("p", { class: "note" }, h("label", {}, log, " steps on a logarithmic scale")), table, beside, left);
  let runs = [];
  await look();
  return () => { gone = true; clearTimeout(timer); };

  async function look() {
    try {
      const found = await api("/api/runs");
      runs = found.runs;
      left.replaceChildren(...found.left_out.map(({ name, why }) => h("p", { class: "note" }, `Left out: ${name}. ${why}`)));
      chosen ??= runs.slice(0, 4).map((run) => run.name);
      for (const run of runs.filter(({ name }) => chosen.includes(name))) {
        const seen = lines.get(run.name) ?? [];
        if (seen.length && run.status !== "training" && seen.settled) continue;
        const { lines: fresh } = await api(`/api/curve?run=${encodeURIComponent(run.name)}&after=${seen.length}`)
          .catch((error) => { if (error.status) return { lines: [] }; throw error; }); // one damaged run hides no other
        lines.set(run.name, Object.assign([...seen, ...fresh], { settled: run.status !== "training" }));
      }
      if (!gone) draw();
    } catch (error) {
      figure.replaceChildren(problem(error));
      drawn = "";
    }
    if (!gone) timer = setTimeout(look, EVERY);
  }

  function draw() {
    const state = JSON.stringify([runs, chosen, log.checked, [...lines].map(([name, some]) => [name, some.length])]);
    if (state === drawn) return;
    drawn = state;
    remember(["runs"], { show: chosen.join(","), log: log.checked ? "1" : "" });
    const shown = runs.filter(({ name }) => chosen.includes(name) && lines.get(name)?.length);
    tabulate(shown);
    compare(shown);
    if (!shown.length) return figure.replaceChildren(h("p", { class: "lede" }, runs.length ? "Choose a run below." : "There are no runs here yet."));
    const all = shown.map(({ name }) => points(lines.get(name)));
    const xs = all.flat().map(([x]) => x), ys = all.flat().map(([, y]) => y);
    const made = chart({ width: narrow() ? 330 : 1000, height: 330, left: 56,
      x: { range: log.checked ? [Math.max(1, Math.min(...xs)), Math.max(...xs, 2)] : [0, Math.max(...xs, 1)], log: log.checked, label: "steps", show: grouped },
      y: { range: [Math.min(0, ...ys), Math.max(...ys) * 1.03], label: "loss, nats per target" }, label: `Training loss of ${shown.map(({ name }) => name).join(", ")}` });
    all.forEach((line, i) => curve(made, line, i, { opacity: 0.28, "stroke-width": 1.4, "stroke-dasharray": "none" }));
    all.forEach((line, i) => curve(made, smooth(line), i));
    const ruler = s("line", { class: "axis", y1: made.box.top, y2: made.box.bottom, visibility: "hidden" });
    made.plot.append(ruler);
    made.addEventListener("pointermove", (event) => {
      const at = ((event.clientX - made.getBoundingClientRect().left) / made.getBoundingClientRect().width) * made.viewBox.baseVal.width;
      if (at < made.box.left || at > made.box.right) return;
      ruler.setAttribute("visibility", "visible"); ruler.setAttribute("x1", at); ruler.setAttribute("x2", at);
      readout.textContent = shown.map(({ name }, i) => {
        const near = smooth(all[i]).reduce((a, b) => (Math.abs(made.px(b[0]) - at) < Math.abs(made.px(a[0]) - at) ? b : a));
        return `${name}: step ${grouped(near[0])}, loss ${near[1].toFixed(3)}`;
      }).join(" · ");
    });
    made.addEventListener("pointerleave", () => { ruler.setAttribute("visibility", "hidden"); readout.textContent = last(shown); });
    readout.textContent = last(shown);
    figure.replaceChildren(made);
  }

  // Of exactly two runs that answered the same questions: which of them only one gets right.
  async function compare(shown) {
    const names = shown.filter((run) => run.score.total).map(({ name }) => name);
    if (names.join("\n") === pair) return;
    pair = names.join("\n");
    beside.hidden = true;
    if (names.length !== 2) return;
    const [first, second] = names, key = pair;
    const result = await api(`/api/compare?first=${encodeURIComponent(first)}&second=${encodeURIComponent(second)}`).catch(() => ({}));
    if (!result.comparable || gone || key !== pair) return;
    const { only_first: ours, only_other: theirs, p, total } = result;
    beside.replaceChildren(h("h3", {}, `${first} beside ${second}`),
      h("p", { class: "note" }, `Of the same ${grouped(total)} questions, ${grouped(ours.length)} are answered rightly by ${first} alone and ${grouped(theirs.length)} by ${second} alone. Were both equally good, a split as uneven as this would come up with probability ${number(p)} (McNemar's exact test).`),
      ...[[first, ours], [second, theirs]].map(([name, rows]) => rows.length > 0 && h("details", {}, h("summary", {}, `Which ${name} alone gets right`),
        h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Questions that ${name} alone gets right` }, h("table", {},
          h("thead", {}, h("tr", {}, ["question", "gold", first, second].map((text) => h("th", {}, text)))),
          h("tbody", {}, rows.slice(0, 100).map((row) => h("tr", {}, [row.question, row.gold, row.first, row.other].map((text) => h("td", {}, text)))))),
        rows.length > 100 && h("p", { class: "note" }, `The first 100 of ${grouped(rows.length)}; \`closedbook report\` lists all.`)))).filter(Boolean));
    beside.hidden = false;
  }

  function last(shown) {
    return shown.map(({ name }) => { const line = lines.get(name).at(-1); return `${name}: ${line.stage}, step ${grouped(line.step)}, loss ${line.loss.toFixed(3)}, ${grouped(line.tokens_per_second)} tokens/s`; }).join(" · ");
  }

  function tabulate(shown) {
    const focused = document.activeElement?.dataset?.run;
    table.replaceChildren(h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}, "run"), h("th", {}, "state"), h("th", { class: "number" }, "right"), h("th", { class: "number" }, "95 % interval"), h("th", {}, "recipe"), h("th", { class: "number" }, "parameters"), h("th", { class: "number" }, "seconds"))),
      h("tbody", {}, runs.map((run) => {
        const tone = shown.findIndex(({ name }) => name === run.name);
        const key = h("i", { class: "key", "aria-hidden": "true" });
        key.style.background = tone < 0 ? "var(--line)" : TONES[tone % 4];
        const line = lines.get(run.name)?.at(-1);
        const total = run.stages.find((stage) => stage.name === line?.stage)?.steps;
        return h("tr", {},
          h("td", {}, h("label", {}, h("input", { type: "checkbox", "data-run": run.name, checked: chosen.includes(run.name), onchange: (event) => { chosen = event.target.checked ? [...chosen, run.name] : chosen.filter((name) => name !== run.name); clearTimeout(timer); look(); } }), " ", key, run.name)),
          h("td", {}, run.status === "training" ? h("span", { class: "live" }, "training") : run.status, line && run.status === "training" && total ? h("div", { class: "tiny number" }, `${grouped(line.step)} of ${grouped(total)}`) : null),
          h("td", { class: "number" }, run.score.accuracy == null ? "–" : percent(run.score.accuracy)),
          h("td", { class: "number" }, run.score.interval ? run.score.interval.map((x) => (100 * x).toFixed(1)).join(" to ") : "–"),
          h("td", {}, run.recipe, h("div", { class: "tiny" }, `${run.mixer}, ${run.layers} × ${run.heads} heads, width ${run.width}, seed ${run.seed}`)),
          h("td", { class: "number" }, run.parameters == null ? "–" : grouped(run.parameters)),
          h("td", { class: "number" }, run.seconds == null ? "–" : grouped(Math.round(run.seconds))));
      }))));
    if (focused) [...table.querySelectorAll("input")].find((box) => box.dataset.run === focused)?.focus();
  }
}

// Steps over all stages, one after another.
function points(metrics) {
  let before = 0, stage = null, last = 0;
  return metrics.filter((line) => Number.isFinite(line.loss)).map((line) => {
    if (line.stage !== stage) { before += last; stage = line.stage; }
    last = line.step;
    return [before + line.step, line.loss];
  });
}

// The mean over the points around each, up to a fortieth of the curve: single lines are noise. Near the start, where
// the loss falls fast, fewer points count; near the end, where few follow, it is the line through them.
function smooth(line) {
  const sums = [0], moments = [0];
  line.forEach(([, y], i) => { sums.push(sums[i] + y); moments.push(moments[i] + i * y); });
  return line.map(([x], i) => {
    const reach = Math.min(Math.ceil(line.length / 80), i);
    const first = i - reach, last = Math.min(i + reach, line.length - 1), count = last - first + 1, centre = (first + last) / 2;
    const total = sums[last + 1] - sums[first];
    const slope = count > 1 ? (moments[last + 1] - moments[first] - centre * total) / ((count * (count ** 2 - 1)) / 12) : 0;
    return [x, total / count + slope * (i - centre)];
  });
}

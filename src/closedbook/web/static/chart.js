// A small line chart: axes, curves, dots, levels. Scales are linear or logarithmic.

import { labelled, number, s } from "./dom.js";

export const TONES = ["var(--navy)", "var(--rust)", "var(--amber)", "var(--grey)"];
export const DASHES = [null, "7 3", "2 3", "8 3 2 3"];

export function scale([low, high], [from, to], log = false) {
  const f = log ? Math.log10 : (x) => x;
  const a = f(low), b = f(high);
  return (x) => from + ((f(x) - a) / (b - a || 1)) * (to - from);
}

export function ticks([low, high], log, count = 5) {
  if (log) {
    const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9);
    const step = Math.max(1, Math.ceil((to - from) / count));
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => 10 ** (from + i * step));
  }
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough * 0.999);
  const values = [];
  for (let x = Math.ceil(low / step - 1e-9) * step; x <= high + step * 1e-6; x += step) values.push(Math.abs(x) < step * 1e-6 ? 0 : x);
  return values;
}

// Letters keep their size, so that a chart on a narrow screen is drawn narrower, not smaller.
export const narrow = () => innerWidth <= 520;

// {width, height, x: {range, log, label}, y: {…}, label} → the SVG with .px and .py (data to pixels) and .plot to draw in.
export function chart({ width = narrow() ? 330 : 460, height = 290, x, y, label, left = 52 }) {
  const box = { left, right: width - 12, top: 12, bottom: height - 42 };
  const px = scale(x.range, [box.left, box.right], x.log), py = scale(y.range, [box.bottom, box.top], y.log);
  const plot = s("g");
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ticks(y.range, y.log).map((value) => [
      s("line", { class: "grid", x1: box.left, x2: box.right, y1: py(value), y2: py(value) }),
      s("text", { class: "faint", x: box.left - 7, y: py(value) + 4, "text-anchor": "end" }, (y.show ?? number)(value)),
    ]),
    ticks(x.range, x.log, width < 400 ? 4 : 5).map((value) =>
      s("text", { class: "faint", x: px(value), y: box.bottom + 17, "text-anchor": "middle" }, (x.show ?? number)(value))),
    s("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    s("text", { class: "faint", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, labelled(x.label)),
    y.label && s("text", { class: "faint", x: 12, y: (box.top + box.bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(box.top + box.bottom) / 2})` }, labelled(y.label)),
    plot);
  return Object.assign(svg, { px, py, plot, box });
}

export function path(points, px, py) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join("");
}

export function curve(made, points, tone, attributes = {}) {
  const low = made.clip ?? -Infinity;
  const kept = points.filter(([, y]) => Number.isFinite(y) && y > low);
  const line = s("path", { d: path(kept, made.px, made.py), fill: "none", stroke: TONES[tone % 4], "stroke-width": 2.2, "stroke-dasharray": DASHES[tone % 4], "stroke-linejoin": "round", ...attributes });
  made.plot.append(line);
  return line;
}

export function level(made, y, text) {
  const at = made.py(y);
  made.plot.append(
    s("line", { x1: made.box.left, x2: made.box.right, y1: at, y2: at, stroke: "var(--soft)", "stroke-dasharray": "2 3" }),
    s("text", { class: "faint", x: made.box.right, y: at - 5, "text-anchor": "end" }, text));
}

export function dot(made, tone = 1) {
  const mark = s("circle", { r: 6, fill: TONES[tone], stroke: "var(--raised)", "stroke-width": 2 });
  made.plot.append(mark);
  return (x, y) => { mark.setAttribute("cx", made.px(x)); mark.setAttribute("cy", made.py(y)); };
}

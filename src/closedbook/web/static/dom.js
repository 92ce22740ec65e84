// Building the page: elements, SVG and MathML from plain calls (text is always text, never markup), numbers, the API.

const SPACES = { svg: "http://www.w3.org/2000/svg", math: "http://www.w3.org/1998/Math/MathML" };

function make(space) {
  return (tag, attributes = {}, ...children) => {
    const node = space ? document.createElementNS(SPACES[space], tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === false || value === null || value === undefined) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  };
}

export const h = make(null);
export const s = make("svg");
const m = make("math");

// Mathematics. Strings of letters are identifiers; n() marks a current number, r() a result.
const leaf = (x) => (typeof x === "string" ? m(/^[\p{L}̄]+['′]?$/u.test(x) ? "mi" : /^[\d.½¾]/.test(x) ? "mn" : "mo", { stretchy: /^[()]$/.test(x) && "false" }, x) : x);
export const M = {
  row: (...xs) => m("mrow", {}, xs.map(leaf)),
  frac: (a, b) => m("mfrac", {}, M.row(...[a].flat()), M.row(...[b].flat())),
  sup: (a, b) => m("msup", {}, leaf(a), M.row(...[b].flat())),
  sub: (a, b) => m("msub", {}, leaf(a), M.row(...[b].flat())),
  root: (...xs) => m("msqrt", {}, xs.map(leaf)),
  n: (x) => m("mn", { class: "n" }, number(x)),
  r: (x) => m("mn", { class: "r" }, number(x)),
  text: (x) => m("mtext", {}, x.replace(/^ | $/g, "\u00a0")),
  tall: (...xs) => m("mrow", {}, m("mo", {}, "("), xs.map(leaf), m("mo", {}, ")")), // parentheses as high as what they hold
  // A formula in pieces, cut before =, ≤, ≥ and ∼ and at "\n", so that it continues on the next line of a narrow page.
  math: (...xs) => {
    const pieces = [[]];
    for (const x of xs) {
      if (/^[=≤≥∼\n]$/.test(x)) pieces.push([]);
      if (x !== "\n") pieces.at(-1).push(x);
    }
    return h("div", { class: "formula" }, pieces.map((piece) => m("math", {}, m("mstyle", { displaystyle: "true" }, piece.map(leaf)))));
  },
};

// How strongly a share is shaded behind words. Between a half and seven tenths neither ink nor paper can be read on it.
export const shade = (share) => (share <= 0.5 ? 0.92 * share : 0.7 + 0.6 * (share - 0.5)).toFixed(3);

const SUPER = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// Three significant digits; powers of ten where a plain number would be long.
export function number(x, digits = 3) {
  if (typeof x !== "number") return String(x);
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "not a number";
  if (x === 0) return "0";
  const size = Math.abs(x);
  let text;
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa, power] = x.toExponential(digits - 1).split("e");
    const short = mantissa.replace(/\.?0+$/, "");
    text = `${short === "1" ? "" : short + "·"}10${[...String(+power)].map((c) => SUPER[c]).join("")}`;
  } else {
    const rounded = +x.toPrecision(Math.max(digits, Math.ceil(Math.log10(size))));
    text = size >= 1000 ? grouped(rounded) : String(rounded);
  }
  return text.replace(/^-/, "−");
}

export const percent = (share, digits = 1) =>
  share > 0 && share < 0.0005 ? "under 0.1 %" : share < 1 && share > 0.9995 ? "over 99.9 %" : `${(100 * share).toFixed(digits)} %`;
export const grouped = (x) => x.toLocaleString("en"); // 1,234: as everywhere else

let token = null;
export function keepToken() {
  // The token comes behind the #, which no browser sends anywhere, and leaves the address at once.
  const given = location.hash.match(/^#token=([\w-]+)$/);
  if (given) {
    sessionStorage.setItem("token", given[1]);
    history.replaceState(null, "", location.pathname);
  }
  token = sessionStorage.getItem("token");
}

export class Refused extends Error {}

export async function api(path, body, signal) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  for (let tries = 0; ; tries++) {
    try {
      answer = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused("The server does not answer. Is `closedbook serve` still running?");
    }
    if (answer.status !== 503 || tries === 3) break;
    await new Promise((done) => setTimeout(done, 1000 * (Number(answer.headers.get("Retry-After")) || 1)));
  }
  const data = await answer.json().catch(() => ({ detail: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw Object.assign(new Refused(data.detail), { status: answer.status });
  return data;
}

export const problem = (error) => h("p", { class: "problem", role: "alert" }, error.message);
export const current = (link, yes, what) => yes ? link.setAttribute("aria-current", what) : link.removeAttribute("aria-current");
export const say = (text) => { document.getElementById("said").textContent = text; };

// The address: #/place/part?key=value. Changing it while something is moved must not fill the history.
export function address() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").map(decodeURIComponent), query: new URLSearchParams(query) };
}
export function remember(path, query) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== "")).toString();
  history.replaceState(null, "", `#/${path.map(encodeURIComponent).join("/")}${text && `?${text}`}`);
}

// α_a, F_σ(p), e^(β²) and 1.6e+04 with real subscripts and exponents, and `words` as code; in Python: formatting.marked.
const MARKS = /(`[^`]+`|(?<![\d.])\d(?:\.\d+)?e[-+]\d+|[\p{L}‖]_(?:[a-z](?![a-z])|σ'?\(p\))|\^\((?:[^()]|\([^()]*\))*\)|\^[-−]?[\p{L}\p{N}]+(?:\.\d+)?)/u;
export function typeset(text) {
  return String(text).split(MARKS).map((piece, i) => {
    if (i % 2 === 0) return piece;
    if (piece[0] === "`") return h("code", {}, piece.slice(1, -1));
    if (piece[1] === "_") return [piece[0], h("sub", {}, piece.slice(2))];
    if (piece[0] !== "^") return number(+piece);
    return h("sup", {}, piece[1] === "(" ? typeset(piece.slice(2, -1)) : piece.slice(1).replace("-", "−"));
  });
}

// The same in an SVG's text.
export function labelled(text) {
  return text.split(/(_[a-z])/).map((piece, i) => (i % 2 ? s("tspan", { "font-size": "8.5", dy: 3 }, piece[1]) : s("tspan", { dy: i ? -3 : 0 }, piece)));
}

// Markdown as the derivations use it: paragraphs, indented formulas (two spaces or more between those on one line),
// **bold** and *italic*.
export function prose(markdown) {
  return h("div", { class: "prose" }, markdown.trim().split(/\n\s*\n/).map((block) => {
    const lines = block.split("\n");
    if (lines.every((line) => line.startsWith("    ")))
      return h("div", { class: "display" }, lines.map((line) => h("div", {}, line.trim().split(/ {2,}/).map((part) => h("span", {}, typeset(part))))));
    const pieces = block.split(/(\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/);
    return h("p", {}, pieces.map((piece) => piece.startsWith("**") ? h("strong", {}, typeset(piece.slice(2, -2)))
      : /^\*[^*]+\*$/.test(piece) ? h("em", {}, typeset(piece.slice(1, -1))) : typeset(piece)));
  }));
}

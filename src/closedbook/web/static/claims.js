// The claims that the page computes itself, at every move of a slider. Pure functions; the tests hold them to Python's.
// c = Σ αᵢvᵢ with α = softmax(Kq), without 1/√d. Keys a and b are the first two.

export function softmax(scores) {
  const top = Math.max(...scores);
  const shares = scores.map((score) => Math.exp(score - top));
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / sum);
}

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const unit = (i, n, length = 1) => Array.from({ length: n }, (_, j) => (i === j ? length : 0));
const norm = (a) => Math.sqrt(dot(a, a));
const mix = (weights, rows) => rows[0].map((_, j) => weights.reduce((sum, w, i) => sum + w * rows[i][j], 0));

// 1a. The weight that misses a key whose score is `gap` above each of n − 1 others: their worst case, all of them equal.
export const missed = (gap, n) => ((n - 1) * Math.exp(-gap)) / (1 + (n - 1) * Math.exp(-gap));

export function copying({ gap, n }) {
  return { weights: softmax([gap, ...new Array(n - 1).fill(0)]), error: missed(gap, n) };
}

// 1d.i, without noise: one head asks for a, the other for b, and c is the mean of both.
export function twoHeads({ t1, t2, n }) {
  const heads = [t1, t2].map((t, which) => softmax(Array.from({ length: n }, (_, i) => (i === which ? t : 0))));
  return { weights: heads[0].map((weight, i) => (weight + heads[1][i]) / 2), errors: [missed(t1, n), missed(t2, n)] };
}

// 2g.ii. The largest share of right answers of a read-out that is affine in n pairs: (1/n) Σₘ min(1, C(n,m)/m!).
export function affineCeiling(n) {
  let sum = 0, term = 1;
  for (let m = 1; m <= n; m++) {
    term *= (n - m + 1) / (m * m);
    sum += Math.min(1, term);
  }
  return sum / n;
}

// 1b. Orthonormal keys and values, q = t(k_a + k_b): the weights, and the relative distance of c from ½(v_a + v_b).
export function averaging({ t, n }) {
  const keys = Array.from({ length: n }, (_, i) => unit(i, n));
  const query = keys[0].map((x, j) => t * (x + keys[1][j]));
  const weights = softmax(keys.map((key) => dot(key, query)));
  const wanted = keys[0].map((x, j) => (x + keys[1][j]) / 2);
  // Summed as Σ αᵢ(vᵢ − wanted): c − wanted itself would cancel to rounding noise.
  const missed = mix(weights, keys.map((value) => value.map((x, j) => x - wanted[j])));
  return { weights, error: norm(missed) / norm(wanted), closed: averagingClosed({ t, n }) };
}

// √(n(n−2)) / (2eᵗ + n − 2), written so that a large t neither overflows nor turns 0 early.
export const averagingClosed = ({ t, n }) => (Math.sqrt(n * (n - 2)) * Math.exp(-t)) / (2 + (n - 2) * Math.exp(-t));

// 1c and 1d.ii. Keys kᵢ = μᵢ + √α·εᵢ, and the lengths of the first `vary` keys vary by a further g/√2 each: of none in
// 1c.i, of k_a in 1c.ii, of k_b too in 1c.ii-both. A score needs only the noise along μ_a and μ_b, so a draw is these g,
// then εᵢ·μ_a and εᵢ·μ_b for each key i: vary + 2n standard normals, in this order.
export function lengths({ t, t1, t2, alpha, n, vary = 1 }, normals) {
  const size = vary + 2 * n, draws = Math.floor(normals.length / size), noise = Math.sqrt(alpha);
  const ratio = new Float64Array(draws), one = [], two = [];
  const single = new Array(n), first = new Array(n), second = new Array(n);
  for (let draw = 0; draw < draws; draw++) {
    const at = draw * size;
    for (let i = 0; i < n; i++) {
      const long = i < vary ? 1 + normals[at + i] * Math.SQRT1_2 : 1, from = at + vary + 2 * i;
      const alongA = (i === 0 ? long : 0) + noise * normals[from];
      const alongB = (i === 1 ? long : 0) + noise * normals[from + 1];
      single[i] = t * (alongA + alongB);
      first[i] = t1 * alongA;
      second[i] = t2 * alongB;
    }
    ratio[draw] = single[0] - single[1];
    const w = softmax(single), u = softmax(first), v = softmax(second);
    one.push([w[0], w[1]]);
    two.push([(u[0] + v[0]) / 2, (u[1] + v[1]) / 2]);
  }
  const lost = (pairs) => pairs.filter(([a, b]) => a < 0.25 || b < 0.25).length / pairs.length;
  return { ratio, one, two, lostOne: lost(one), lostTwo: lost(two), ...lengthsClosed({ t, t1, alpha, n, vary }) };
}

// The law of log(α_a/α_b), the share of draws in which one weight is under 10 % of the pair, and head 1's misses.
export function lengthsClosed({ t, t1, alpha, n, vary = 1 }) {
  const deviation = t * Math.sqrt(vary / 2 + 4 * alpha);
  return {
    deviation,
    swings: 2 * normalBelow(-Math.log(9) / deviation),
    missChance: normalBelow((Math.log(n - 1) / t1 - 1) / Math.sqrt(0.5 + alpha)),
    limit: normalBelow(-Math.SQRT2),
  };
}

// 1e.ii, beside 1e.i. Coordinates are along u_a, u_b, u_c, u_d, orthogonal and of length β; errors are over β.
export function matrices({ beta }) {
  const x = [[0, 1, 0, 1], [1, 0, 0, 0], [0, 1, 1, 0]].map((row) => row.map((c) => c * beta));
  const V = [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 0]];
  const Q = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]; // u_d·u_aᵀ + u_c·u_dᵀ, over β²
  const apply = (matrix, rows) => rows.map((row) => matrix.map((line) => dot(line, row)));
  const attend = (queries, values) => {
    const weights = queries.map((query) => softmax(x.map((key) => dot(key, query))));
    return { weights, outputs: weights.map((row) => mix(row, values)) };
  };
  const plain = attend(x, x), asked = attend(apply(Q, x), apply(V, x)), values = apply(V, x);
  const missed = (row, wanted) =>
    norm(mix(asked.weights[row], values.map((value) => value.map((c, j) => c - wanted[j])))) / beta;
  return {
    plain, asked,
    errors: [missed(1, unit(1, 4, beta)), missed(0, [0, beta, -beta, 0])],
    closed: [Math.SQRT2, Math.sqrt(5)].map((size) => matricesClosed(beta, size)),
  };
}

export const matricesClosed = (beta, size) => (size * Math.exp(-beta * beta)) / (1 + 2 * Math.exp(-beta * beta));

// Φ(x), to the last digits: Marsaglia's series in the middle (2004), Laplace's continued fraction in the tails.
export function normalBelow(x) {
  if (x > 0) return 1 - normalBelow(-x);
  if (x < -38) return 0;
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x < -5) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / (-x + fraction);
    return density / (-x + fraction);
  }
  let sum = x, term = x;
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + sum * density;
}

// Standard normals from a seed (mulberry32, Box and Muller): the same draws at every move, so that points glide.
export function normals(count, seed = 1) {
  const made = new Float64Array(count);
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())), angle = 2 * Math.PI * uniform();
    made[i] = radius * Math.cos(angle);
    if (i + 1 < count) made[i + 1] = radius * Math.sin(angle);
  }
  return made;
}

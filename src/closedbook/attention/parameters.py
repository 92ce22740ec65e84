"""Parameters that several claims share, so that one name means one thing with one set of limits."""

from __future__ import annotations

from dataclasses import replace

from closedbook.attention.claim import Parameter

N = Parameter("n", 6, "number of keys", "keys", 2, 1024)
D = Parameter("d", 8, "dimension of keys and values; at least n", "dimensions", 2, 4096)
T = Parameter("t", 20.0, "length of the query on each direction it asks for", "nats", 1e-6, 1e6)
T1 = replace(T, name="t1", meaning="length of head 1's query, t₁")
T2 = replace(T, name="t2", meaning="length of head 2's query, t₂")
ALPHA = Parameter("alpha", 1e-9, "variance α of every key's noise, per dimension", "key length squared", 0.0, 100.0)
BETA = Parameter("beta", 3.0, "length β of the vectors u", "length", 1e-3, 1e3)
SEED = Parameter("seed", 0, "seed of everything drawn at random", "", 0, 2**31 - 1)
SAMPLES = Parameter("samples", 60_000, "independent draws of the keys", "draws", 1, 10_000_000)
CONFIDENCE = Parameter(
    "confidence", 0.999, "chance, over the draws, that a true claim passes", "probability", 0.5, 1 - 1e-9
)
DTYPE = Parameter("dtype", "float64", "precision of the head", "", choices=("float64", "float32"))
TOLERANCE = Parameter("tolerance", 0.01, "largest bound that still counts as holding", "relative error", 0.0, 1.0)
PREMISE = Parameter("premise", "kept", "broken: violate the claim's premise on purpose", "", choices=("kept", "broken"))

EVERY = (SEED, DTYPE, TOLERANCE, PREMISE)
RANDOM = (SAMPLES, CONFIDENCE, *EVERY)

"""Part 1: what attention can and cannot do. Each claim is code that builds the head and a check that can fail.

`CLAIMS` holds import paths, so that torch is loaded only when a claim is. To add one, write a file in `claims/` that
defines a `Claim`, and add its path here.
"""

from __future__ import annotations

CLAIMS = {
    "1a": "closedbook.attention.claims.copying:COPYING",
    "1b": "closedbook.attention.claims.averaging:AVERAGING",
    "1c.i": "closedbook.attention.claims.noise:TINY_NOISE",
    "1c.ii": "closedbook.attention.claims.length:ONE_LENGTH",
    "1c.ii-both": "closedbook.attention.claims.length:BOTH_LENGTHS",
    "1d.i": "closedbook.attention.claims.two_heads:TWO_HEADS",
    "1d.ii": "closedbook.attention.claims.two_heads:SURVIVAL",
    "1e.i": "closedbook.attention.claims.own_query:OWN_QUERY",
    "1e.ii": "closedbook.attention.claims.matrices:MATRICES",
    "2g.ii": "closedbook.attention.claims.lookup:LOOKUP",
}

"""Mixers: the part of a block that moves information between positions, one file each.

A mixer maps (batch, time, width) to the same, causally. With a cache its input is the next tokens only, and it
stores what later tokens will need. Register it in `closedbook.config.registry.REGISTRIES`.

So that it can be looked into, a mixer has `heads`, a method `weights(x, rotation)` that gives the attention weights
(batch, head, query, key) by its formula, and a last map `out` that reads the heads side by side.
"""

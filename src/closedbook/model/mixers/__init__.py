"""Mixers: the part of a block that moves information between positions, one file each.

A mixer maps (batch, time, width) to the same, causally. With a cache its input is the next tokens only, and it
stores what later tokens will need. Register it in `closedbook.recipe.REGISTRIES`.
"""

"""What others have published for the course's 500 dev people: exact match, from 0 to 1."""

from __future__ import annotations

PUBLISHED = (
    ("no pretraining", 0.014),
    ("always “London”", 0.050),
    ("Perceiver, pretrained (up to)", 0.126),
    ("Synthesizer, pretrained", 0.144),
    ("softmax attention, pretrained", 0.230),
    ("rotary positions, the best single public model", 0.404),
    ("a vote of 33 public models", 0.448),
    ("open book: a regular expression on the person's page", 0.858),
    ("ceiling: the answer stands on the person's page", 0.958),
)
DEV = "101a56073eba0db9aad5e2aaf1aa9bf8bdae966ae3aaed8fc8cda5edfa7856da"
"""SHA-256 of the dev file that these belong to."""

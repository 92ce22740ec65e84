"""Checks of a student's file against the handout. They run in a process of their own, which `..check` starts.

| file | what it checks |
|---|---|
| dataset_checks.py | `CharCorruptionDataset` |
| attention_checks.py, dropout_checks.py | `SynthesizerAttention`, `CausalSelfAttention`, `CausalCrossAttention` |
| rotary_checks.py | `precompute_rotary_emb`, `apply_rotary_emb` (2024) |
| perceiver_checks.py | `DownProjectBlock`, `UpProjectBlock` (2023) |
| steps.py | attention step by step, and the catalogue of known mistakes: **add yours there** |
"""

# The definitions that are checked, in this order.
CHECKED = (
    "CharCorruptionDataset",
    "SynthesizerAttention",
    "CausalSelfAttention",
    "CausalCrossAttention",
    "precompute_rotary_emb",
    "DownProjectBlock",
    "UpProjectBlock",
)

"""A student's file held to the handout. Everything here runs in a process of its own, which `..check` starts.

| file | what it checks |
|---|---|
| dataset.py | `CharCorruptionDataset` |
| attention.py, dropout.py | `SynthesizerAttention`, `CausalSelfAttention`, `CausalCrossAttention` |
| rotary.py | `precompute_rotary_emb`, `apply_rotary_emb` (2024) |
| perceiver.py | `DownProjectBlock`, `UpProjectBlock` (2023) |
| steps.py | attention step by step, and the mistakes that are called by their names: **add yours there** |
"""

# What is looked for in a file, in this order.
CHECKED = (
    "CharCorruptionDataset",
    "SynthesizerAttention",
    "CausalSelfAttention",
    "CausalCrossAttention",
    "precompute_rotary_emb",
    "DownProjectBlock",
    "UpProjectBlock",
)

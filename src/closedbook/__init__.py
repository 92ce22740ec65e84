"""closedbook: small Transformers that answer questions from memory, and say whether they remembered."""

__version__ = "0.1.0"

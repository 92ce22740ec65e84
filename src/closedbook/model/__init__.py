"""The network: a decoder-only Transformer whose mixer, stack and positions are chosen by name."""

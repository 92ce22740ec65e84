# ruff: noqa: E501
"""Mistakes put into right solutions, and the words by which the checker must name each. The table in docs/teaching.md:

PYTHONPATH=src python tests/course/students/mistakes.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from students.right import DATASET, PERCEIVER, PERCEIVER_ATTENTION, ROPE, SYNTHESIZER, VANILLA

PAGE = Path(__file__).parents[3] / "docs" / "teaching.md"
BEGIN, END = "<!-- mistakes: by tests/course/students/mistakes.py -->", "<!-- end of mistakes -->"


class Mistake(NamedTuple):
    """What is wrong; the right source; what is put in the place of what; words of the finding, or of the note."""

    what: str
    source: str
    changes: list[tuple[str, str]]
    says: str
    note: bool = False

    @property
    def wrong(self) -> str:
        text = self.source
        for was, now in self.changes:
            assert was in text, (self.what, was)
            text = text.replace(was, now)
        return text


LENGTH = "doc[:random.randint(4, int(self.block_size * 7 / 8))]"
SPAN = "random.randint(n // 8, 3 * n // 8)"
TEXT = "text = doc[:s] + self.MASK_CHAR + doc[s + k:] + self.MASK_CHAR + doc[s:s + k]"
MASKED = "att = att.masked_fill(self.mask[:, :, :T, :T] == 0, -1e10)\n"
SOFTMAX = "att = F.softmax(att, dim=-1)\n"
DROP = "        att = self.attn_drop(att)\n"
MERGED = "(att @ v).transpose(1, 2).contiguous().view(B, T, C)"
HEADS = ".view(B, T, self.n_head, C // self.n_head).transpose(1, 2)"
FILL = "self.mask[:, :, :T, :T] == 0, -1e10"
SCALE = "(1.0 / math.sqrt(k.size(-1)))"
TURN = "return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)"
THETA = "1.0 / 10000 ** (torch.arange(0, dim, 2) / dim)"

MISTAKES = [
    # CharCorruptionDataset
    Mistake("lengths to 3/4 of the block only", DATASET, [("7 / 8", "3 / 4")], "in 3000 draws none was above 96"),
    Mistake("lengths beyond 7/8", DATASET, [("7 / 8", "9 / 10")], "from 4 to int(block_size * 7/8)"),
    Mistake("lengths from 25 on", DATASET, [("randint(4,", "randint(25,")], "none was below 25"),
    Mistake("lengths below 4", DATASET, [("randint(4,", "randint(0,")], "from 4 to int(block_size * 7/8)"),
    Mistake("never the longest length", DATASET, [(LENGTH, "doc[:random.randrange(4, 112)]")], "none was above 111"),
    Mistake("always the same length", DATASET, [(LENGTH, "doc[:112]")], "length must be random; it was always 112"),
    Mistake("padded to block_size + 1", "# [pads]: PAD_CHAR characters chosen so that the entire string is of length\n"
            "# self.block_size.\n" + DATASET, [("(self.block_size - len", "(self.block_size + 1 - len")],
            "block_size - 1 = 127 entries"),
    Mistake("padded to block_size + 1, the edition unknown", DATASET,
            [("(self.block_size - len", "(self.block_size + 1 - len")], "where the handout pads to block_size + 1", True),
    Mistake("a span of always n // 4", DATASET, [(SPAN, "n // 4")], "always exactly a quarter"),
    Mistake("a span never longer than n // 4", DATASET, [(SPAN, "random.randint(n // 8, n // 4)")], "on average; it is"),
    Mistake("a span always at the end", DATASET, [("random.randint(0, n - k)", "n - k")], "at the very end"),
    Mistake("a span always at the beginning", DATASET, [("random.randint(0, n - k)", "0")], "at the very beginning"),
    Mistake("a span always in the middle", DATASET, [("random.randint(0, n - k)", "(n - k) // 2")], "follows from the"),
    Mistake("a span from the drawn length", DATASET, [
        (f"doc = {LENGTH}\n", "n = random.randint(4, 112)\n        doc = doc[:n]\n"), ("        n = len(doc)\n", ""),
    ], "the length that was drawn for the truncation"),
    Mistake("masked content before the suffix", DATASET, [
        (TEXT, "text = doc[:s] + self.MASK_CHAR + doc[s:s + k] + self.MASK_CHAR + doc[s + k:]")], "another order"),
    Mistake("one MASK only", DATASET, [(" + self.MASK_CHAR + doc[s:s + k]\n", " + doc[s:s + k]\n")], "MASK_CHAR twice"),
    Mistake("x and y exchanged", DATASET, [("return ids[:-1], ids[1:]", "return ids[1:], ids[:-1]")], "x[1:] == y[:-1]"),
    Mistake("not padded", DATASET, [("text += self.PAD_CHAR * (self.block_size - len(text))", "pass")], "of one length"),
    Mistake("PAD and MASK exchanged", DATASET, [
        ("chars.insert(0, self.MASK_CHAR)\n        chars.insert(0, self.PAD_CHAR)",
         "chars.insert(0, self.PAD_CHAR)\n        chars.insert(0, self.MASK_CHAR)")], "itos[0] must be PAD_CHAR"),
    Mistake("fails on an empty last document", DATASET, [
        ("doc = doc[:random.randint(4, int(self.block_size * 7 / 8))]", "doc = doc[:random.randint(4, min(112, len(doc)))]"),
    ], "gives an empty last document", True),
    # SynthesizerAttention
    Mistake("softmax over the wrong dimension", SYNTHESIZER, [("dim=-1", "dim=-2")], "over the queries (dim=-2)"),
    Mistake("mask after the softmax", SYNTHESIZER, [
        (MASKED, "pass\n"), (SOFTMAX, SOFTMAX + "        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, 0)\n")],
        "the mask is applied after the softmax"),
    Mistake("mask after the softmax, with the given -1e10", SYNTHESIZER, [
        (MASKED, "pass\n"), (SOFTMAX, SOFTMAX + f"        {MASKED}")], "the mask is applied after the softmax"),
    Mistake("softmax over the heads", VANILLA, [("dim=-1", "dim=1")], "do: the softmax runs over the heads"),
    Mistake("no mask", SYNTHESIZER, [(MASKED, "pass\n")], "there is no causal mask"),
    Mistake("inverted mask", SYNTHESIZER, [("== 0, -1e10", "== 1, -1e10")], "the mask is inverted"),
    Mistake("triu for tril", SYNTHESIZER, [("torch.tril(", "torch.triu(")], "the mask is triu"),
    Mistake("inverted mask with -inf", SYNTHESIZER, [("== 0, -1e10", "== 1, float('-inf')")], "the mask is inverted"),
    Mistake("-1e-10 added to hidden scores", VANILLA, [
        (MASKED, "att = att + (1 - self.mask[:, :, :T, :T]) * -1e-10\n")], "nearly nothing to hidden scores (such as -1e-10)"),
    Mistake("-1e-10 for -1e10", SYNTHESIZER, [("-1e10", "-1e-10")], "nearly 0"),
    Mistake("1e10 for -1e10", SYNTHESIZER, [("-1e10", "1e10")], "the sign is missing"),
    Mistake("no ReLU", SYNTHESIZER, [("F.relu(self.w1(x))", "self.w1(x)")], "there is no ReLU"),
    Mistake("ReLU after w2", SYNTHESIZER, [
        ("F.relu(self.w1(x))", "self.w1(x)"), ("h @ self.w2[:, :T] + self.b2[:T]",
                                               "F.relu(h @ self.w2[:, :T] + self.b2[:T])")], "the ReLU comes after"),
    Mistake("GELU for ReLU", SYNTHESIZER, [("F.relu", "F.gelu")], "GELU in the place of ReLU"),
    Mistake("no b2", SYNTHESIZER, [(" + self.b2[:T]", "")], "b2 is not added"),
    Mistake("the last columns of w2", SYNTHESIZER, [
        ("self.w2[:, :T] + self.b2[:T]", "self.w2[:, -T:] + self.b2[-T:]")], "the last columns"),
    Mistake("scores divided by sqrt(d_h) in a Synthesizer", SYNTHESIZER, [
        ("att = h @ self.w2[:, :T] + self.b2[:T]", "att = (h @ self.w2[:, :T] + self.b2[:T]) / math.sqrt(8)")],
        "a Synthesizer's are not"),
    Mistake("view without transpose", SYNTHESIZER, [(MERGED, "(att @ v).contiguous().view(B, T, C)")],
            "by view without transpose"),
    Mistake("heads split without transpose", SYNTHESIZER, [
        (f"v = self.value(x){HEADS}", "v = self.value(x).view(B, self.n_head, T, C // self.n_head)"),
        (f"h = F.relu(self.w1(x)){HEADS}", "h = F.relu(self.w1(x)).view(B, self.n_head, T, C // self.n_head)")],
        "the heads are split by view"),
    Mistake("no output projection", SYNTHESIZER, [("self.proj(y)", "y")], "proj is not applied"),
    Mistake("w2 of the wrong shape", SYNTHESIZER, [
        ("torch.zeros(config.n_embd // config.n_head, config.block_size - 1)",
         "torch.zeros(config.n_embd, config.block_size - 1)")], "w2 must be of shape"),
    Mistake("a key layer too many", SYNTHESIZER, [
        ("self.w1 = ", "self.key = nn.Linear(config.n_embd, config.n_embd)\n        self.w1 = ")], "a Synthesizer has not"),
    Mistake("w2 detached", SYNTHESIZER, [("self.w2[:, :T]", "self.w2.data[:, :T]")], "no gradient reaches w2"),
    Mistake("no dropout of weights", SYNTHESIZER, [(DROP, "")], "attn_drop is missing"),
    Mistake("dropout before the softmax", SYNTHESIZER, [
        (DROP, ""), (f"        {SOFTMAX}", DROP + f"        {SOFTMAX}")], "attn_drop comes before the softmax"),
    Mistake("dropout of values, not of weights", SYNTHESIZER, [(DROP, "        v = self.attn_drop(v)\n")],
            "attn_drop is in the wrong place"),
    Mistake("no dropout of the result", SYNTHESIZER, [("self.resid_drop(self.proj(y))", "self.proj(y)")],
            "resid_drop is missing"),
    Mistake("dropout before proj", SYNTHESIZER, [("self.resid_drop(self.proj(y))", "self.proj(self.resid_drop(y))")],
            "resid_drop is in the wrong place"),
    Mistake("dropout of torch's own share", VANILLA, [("nn.Dropout(config.attn_pdrop)", "nn.Dropout()")],
            "attn_drop drops even where config.attn_pdrop = 0"),
    Mistake("dropout of a fixed share", SYNTHESIZER, [("nn.Dropout(config.resid_pdrop)", "nn.Dropout(0.1)")],
            "resid_drop drops even where config.resid_pdrop = 0"),
    Mistake("the two dropouts' shares exchanged", SYNTHESIZER, [
        ("nn.Dropout(config.resid_pdrop)", "nn.Dropout(config.x)"), ("nn.Dropout(config.attn_pdrop)", "nn.Dropout(config.resid_pdrop)"),
        ("nn.Dropout(config.x)", "nn.Dropout(config.attn_pdrop)")], "attn_drop takes config.resid_pdrop"),
    Mistake("dropout in eval mode", SYNTHESIZER, [("self.attn_drop(att)", "F.dropout(att, 0.1)")],
            "in eval mode the same input gives other results"),
    Mistake("two mistakes at once", SYNTHESIZER, [("F.relu(self.w1(x))", "self.w1(x)"), ("dim=-1", "dim=-2")],
            "two things"),
    # CausalSelfAttention
    Mistake("no scale", VANILLA, [(f" * {SCALE}", "")], "not divided by sqrt(d_h)"),
    Mistake("scale of n_embd", VANILLA, [(SCALE, "(1.0 / math.sqrt(C))")], "divided by sqrt(n_embd)"),
    Mistake("scale of n_head", VANILLA, [(SCALE, "(1.0 / math.sqrt(self.n_head))")], "divided by sqrt(n_head)"),
    Mistake("scale of the length", VANILLA, [(SCALE, "(1.0 / math.sqrt(T))")], "divided by sqrt(T)"),
    Mistake("scale without the root", VANILLA, [(SCALE, "(1.0 / k.size(-1))")], "not by its square root"),
    Mistake("a position does not see itself", VANILLA, [("torch.tril(torch.ones(config.block_size, config.block_size))",
            "torch.tril(torch.ones(config.block_size, config.block_size), -1)")], "does not see itself"),
    Mistake("a position does not see itself, with -inf", VANILLA, [
        (FILL, "torch.tril(torch.ones(T, T), -1) == 0, float('-inf')")], "does not see itself"),
    Mistake("a position sees the next one", VANILLA, [("torch.tril(torch.ones(config.block_size, config.block_size))",
            "torch.tril(torch.ones(config.block_size, config.block_size), 1)")], "sees the next one"),
    Mistake("key and query one layer", VANILLA, [("self.query = nn.Linear(config.n_embd, config.n_embd)",
            "self.query = self.key")], "are one and the same layer"),
    Mistake("a layer used twice", VANILLA, [(f"v = self.value(x){HEADS}", f"v = self.value(self.value(x)){HEADS}")],
            "used several times", True),
    # CausalCrossAttention
    Mistake("cross-attention with its inputs exchanged", PERCEIVER_ATTENTION, [("def forward(self, x_kv, x_q)",
            "def forward(self, x_q, x_kv)")], "forward must take (x_kv, x_q)"),
    Mistake("a cross mask aligned with the last key", PERCEIVER_ATTENTION, [
        ("att = att.masked_fill(self.mask[:, :, :Tq, :Tk] == 0, -1e10)",
         "att = att.masked_fill(torch.ones(Tq, Tk).tril(Tk - Tq) == 0, -1e10)")], "aligned with the last key"),
    # Rotary positions
    Mistake("theta as the 2024 handout misprints it", ROPE, [(THETA, "1.0 / 10000 ** (-torch.arange(0, dim, 2) / dim)")],
            "which is an erratum"),
    Mistake("theta as misprinted, and positions from 1", ROPE, [
        (THETA, "1.0 / 10000 ** (-torch.arange(0, dim, 2) / dim)"),
        ("torch.arange(max_positions)", "torch.arange(1, max_positions + 1)")], "two things: theta grows"),
    Mistake("positions from 1", ROPE, [("torch.arange(max_positions)", "torch.arange(1, max_positions + 1)")],
            "counted from 1"),
    Mistake("sine and cosine exchanged", ROPE, [("[torch.cos(angle), torch.sin(angle)]",
            "[torch.sin(angle), torch.cos(angle)]")], "sine and cosine are exchanged"),
    Mistake("no 2 in the exponent", ROPE, [("torch.arange(0, dim, 2)", "torch.arange(dim // 2)")], "the 2 is missing"),
    Mistake("halves for pairs", ROPE, [
        ("x[..., 0::2], x[..., 1::2]", "x.chunk(2, -1)"), (TURN, "return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)"),
    ], "the two halves are paired"),
    Mistake("halves for pairs, by rotate_half", ROPE, [
        (TURN, "a, b = x.chunk(2, -1)\n    c, s = cos.repeat_interleave(2, -1), sin.repeat_interleave(2, -1)\n"
               "    return x * c + torch.cat([-b, a], -1) * s")], "the two halves are paired"),
    Mistake("turned the other way", ROPE, [("a * cos - b * sin, a * sin + b * cos", "a * cos + b * sin, b * cos - a * sin")],
            "turns the other way"),
    Mistake("the values turned too", ROPE, [("            k = apply_rotary_emb(k, self.rope_cache)\n",
            "            k = apply_rotary_emb(k, self.rope_cache)\n            v = apply_rotary_emb(v, self.rope_cache)\n")],
            "the values are turned too"),
    Mistake("only the queries turned", ROPE, [("            k = apply_rotary_emb(k, self.rope_cache)\n", "")],
            "only the queries are turned"),
    # DownProjectBlock, UpProjectBlock
    Mistake("C is no parameter", PERCEIVER, [("nn.Parameter(torch.empty(1, config.bottleneck_dim, config.n_embd))",
            "torch.empty(1, config.bottleneck_dim, config.n_embd)")], "C is no nn.Parameter"),
    Mistake("C of another shape", PERCEIVER, [("(1, config.bottleneck_dim, config.n_embd)",
            "(config.bottleneck_dim, config.n_embd)")], "C must be of shape"),
    Mistake("C starts normal", PERCEIVER, [("xavier_uniform_(self.C)", "normal_(self.C)")], "C must start Xavier-uniform"),
    Mistake("up with queries from y", PERCEIVER, [("x_input + self.attn(self.ln1(y), x_input)",
            "y + self.attn(x_input, self.ln1(y))")], "as long as y"),
    Mistake("no mlp in the down block", PERCEIVER, [("        x = self.C + self.attn(x_input, self.ln1(self.C))\n"
            "        return x + self.mlp(self.ln2(x))", "        return self.C + self.attn(x_input, self.ln1(self.C))")],
            "no gradient reaches"),
]  # fmt: skip


def table() -> str:
    """The table of docs/teaching.md: what is wrong, and the words that the checker says about it."""
    rows = [f"| {mistake.what} | {'?' if mistake.note else '✗'} {mistake.says} |" for mistake in MISTAKES]
    return "\n".join(["| mistake | the checker says, among other words |", "|---|---|", *rows])


def page(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

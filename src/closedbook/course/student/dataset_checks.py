"""dataset.py: CharCorruptionDataset truncates a document, masks a span, and appends it."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from closedbook.course.student.findings import Checks, HandoutError, UnsureError, need

PAD, MASK = "\u25a1", "\u2047"
DRAWS = 3000  # examples checked
BLOCK = 128
LIMIT = int(BLOCK * 7 / 8)
LONG = "".join(chr(0x4E00 + i) for i in range(300))  # distinct characters, so that each shows its position
SHORT = "abcdefghijklmnopqrst"
DATA = "\n".join([LONG, SHORT, LONG])
SURE = 20  # expected examples that must be missing: by chance once in e^20


class Parts(NamedTuple):
    """An example, split into its parts."""

    prefix: str
    suffix: str
    masked: str

    @property
    def whole(self) -> str:
        return self.prefix + self.masked + self.suffix

    @property
    def length(self) -> int:
        return len(self.whole)


class Corruption:
    """The checks of one file; each may use the results of those before it."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.dataset: Any = None
        self.pairs: list[tuple[Tensor, Tensor]] = []
        self.equal = False  # whether all pairs are tensors of one length
        self.parts: list[Parts] = []

    def characters(self) -> None:
        self.dataset = dataset = self.module.CharCorruptionDataset(DATA, BLOCK)
        for i, (name, right) in enumerate([("PAD_CHAR", PAD), ("MASK_CHAR", MASK)]):
            need(
                dataset.itos[i] == right,
                f"itos[{i}] must be {name}, {right!r} (U+{ord(right):04X}), not {dataset.itos[i]!r}; leave the "
                "handout's __init__ as it is",
            )

    def draw(self) -> None:
        pairs = [self.dataset[0] for _ in range(DRAWS)]
        need(
            isinstance(pairs[0], tuple) and len(pairs[0]) == 2,
            f"__getitem__ must return the pair (x, y), not {type(pairs[0]).__name__}",
        )
        self.pairs = pairs

    def tensors(self) -> None:
        for name, part in zip("xy", self.pairs[0], strict=True):
            need(isinstance(part, Tensor), f"{name} must be a tensor, not {type(part).__name__}: torch.tensor([…])")
            need(part.dtype == torch.long, f"{name} must be of type torch.long, not {part.dtype}: dtype=torch.long")
            need(part.ndim == 1, f"{name} must have one dimension, not the shape {list(part.shape)}")
        lengths = {len(part) for pair in self.pairs for part in pair}
        need(len(lengths) == 1, f"all x and y must be of one length; these were seen: {sorted(lengths)[:5]}")
        self.equal = True
        (length,) = lengths
        pads_one_more = spec(self.module)
        wanted = BLOCK if pads_one_more == 1 else BLOCK - 1
        if length == wanted:
            return
        if length == BLOCK and pads_one_more is None:
            raise UnsureError(
                f"x and y have block_size = {BLOCK} entries. That is right where the handout pads to block_size + 1; "
                f"where it pads to block_size, as most editions do, {BLOCK - 1} are asked for, and a Synthesizer "
                "fails with more"
            )
        entries = "block_size" if pads_one_more == 1 else "block_size - 1"
        raise HandoutError(
            f"x and y must have {entries} = {wanted} entries (the text padded to "
            f"block_size{' + 1' if pads_one_more == 1 else ''}, less one), not {length}"
        )

    def shifted(self) -> None:
        for x, y in self.pairs:
            need(
                bool((x[1:] == y[:-1]).all()),
                "x must be the masked text but its last character, y the same text but its first: x[1:] == y[:-1]",
            )

    def split(self, pair: tuple[Tensor, Tensor]) -> Parts:
        """Prefix, suffix, masked content. A third MASK before the pads, as in the handout's examples, is right."""
        x, y = pair
        bare = "".join(self.dataset.itos[i] for i in [*x.tolist(), int(y[-1])]).rstrip(PAD)
        need(PAD not in bare, f"PAD characters belong at the end only: {bare[:60]}…")
        count = bare.count(MASK)
        if count == 3 and bare.endswith(MASK):
            bare = bare[:-1]
        need(
            bare.count(MASK) == 2,
            f"the text must hold MASK_CHAR twice (prefix MASK suffix MASK masked_content), or a third time right "
            f"before the pads; it holds it {count} times",
        )
        return Parts(*bare.split(MASK))

    def arranged(self) -> None:
        parts = [self.split(pair) for pair in self.pairs]
        for part in parts:
            need(
                part.whole in LONG,
                "prefix + masked_content + suffix must be the beginning of the document again; is something lost, "
                "doubled or in another order? The form is: prefix MASK suffix MASK masked_content pads",
            )
        self.parts = parts
        if not all(LONG.startswith(part.whole) for part in parts):
            raise UnsureError(
                "the document is cut at its front too. The handout says truncate; a person's name, which stands in "
                "front, is then often lost"
            )

    def truncated(self) -> None:
        lengths = [part.length for part in self.parts]
        low, high = min(lengths), max(lengths)
        need(
            low >= 4 and high <= LIMIT,
            f"the truncated length must be from 4 to int(block_size * 7/8) = {LIMIT}; seen: {low} to {high}",
        )
        need(low < high, f"the truncated length must be random; it was always {low}")
        counts = Counter(lengths)
        # How lengths are drawn is the student's choice. What fails is an end that nothing reaches although the
        # lengths next to it are frequent.
        for missing, near, end in (
            (low - 4, range(low, low + 8), f"below {low}"),
            (LIMIT - high, range(high - 7, high + 1), f"above {high}"),
        ):
            frequent = sum(counts[length] for length in near) / len(near)
            need(
                missing * frequent < SURE,
                f"every length from 4 to {LIMIT} must have a chance; in {DRAWS} draws none was {end}"
                + (" (random.randint includes its upper end, range and torch.randint do not)" if missing == 1 else ""),
            )

    def masked(self) -> None:
        by_length: dict[int, list[Parts]] = defaultdict(list)
        for part in self.parts:
            by_length[part.length].append(part)
        several = [group for length, group in by_length.items() if length >= 16 and len(group) > 1]
        need(
            not several or any(len({len(part.masked) for part in group}) > 1 for group in several),
            "the masked content's length follows from the text's length (always exactly a quarter?); it must be "
            "random, sometimes more and sometimes less",
        )
        mean = sum(len(part.masked) for part in self.parts) / sum(part.length for part in self.parts)
        need(
            abs(mean - 0.25) < 0.03,
            f"the masked content must be a quarter of the truncated document on average; it is {100 * mean:.1f} %",
        )
        for side, more in (("more", 1), ("less", -1)):
            need(
                any(more * (4 * len(part.masked) - part.length) > 0 for part in self.parts),
                f"the masked content is never {side} than a quarter; its length must be random around it",
            )

    def placed(self) -> None:
        long = [part for part in self.parts if part.length >= 16]
        for beside, end in (("suffix", "end"), ("prefix", "beginning")):
            need(
                any(getattr(part, beside) for part in long) or not long,
                f"the masked content always stands at the very {end} of the text; its place must be random",
            )
        places: dict[tuple[int, int], list[int]] = defaultdict(list)
        for part in long:
            places[part.length, len(part.masked)].append(len(part.prefix))
        repeated = [starts for starts in places.values() if len(starts) > 2]
        need(
            not repeated or any(len(set(starts)) > 1 for starts in repeated),
            "the place of the masked content follows from the lengths; it must be random",
        )

    def short(self) -> None:
        parts = []
        for _ in range(DRAWS // 4):
            part = self.split(self.dataset[1])
            need(
                part.whole in SHORT and part.length >= 4,
                f"a document of {len(SHORT)} characters must give a beginning of itself, 4 or longer; got "
                f"{part.whole!r}",
            )
            parts.append(part)
        why = (
            f"of a document of {len(SHORT)} characters the span is not a quarter on average. Is it drawn from the "
            "length that was drawn for the truncation, or fixed, and not taken of len(document) after the cut? "
        )
        empty = _share_empty(parts)
        usual = _share_empty([part for part in self.parts if 15 <= part.length <= 25])
        need(
            empty < 0.25 + usual,
            f"{why}In {100 * empty:.0f} % of the examples nothing is masked",
        )
        uncut = [part for part in parts if part.length == len(SHORT)]
        if len(uncut) > 50:
            mean = sum(len(part.masked) for part in uncut) / (len(uncut) * len(SHORT))
            need(abs(mean - 0.25) < 0.1, f"{why}{100 * mean:.0f} % are masked on average")

    def empty(self) -> None:
        """The wiki.txt of 2021 to 2023 ends with a newline, which gives one more document, an empty one."""
        dataset = self.module.CharCorruptionDataset(DATA + "\n", BLOCK)
        last = DATA.count("\n") + 1
        if hasattr(dataset, "__len__") and len(dataset) <= last:
            return  # it leaves the empty one out
        try:
            for _ in range(20):
                dataset[last]
        except Exception as error:
            if isinstance(error, IndexError) and not hasattr(dataset, "__len__"):
                return
            said = " ".join(str(error).split())[:120]
            why = (
                f"it fails with {type(error).__name__}{': ' * bool(said)}{said}. Where the file ends "
                "with a newline (wiki.txt of 2021 to 2023), data.split('\\n') gives an empty last document, and "
                "training stops there; use min(…, len(document)), or leave empty documents out"
            )
            ends = corpus_ends_with_newline(self.module)
            if ends is True:
                raise HandoutError(f"{why}. The wiki.txt beside this file does end so") from None
            if ends is None:
                raise UnsureError(f"{why}. Does your wiki.txt end with a newline? tail -c 1 wiki.txt | xxd") from None


def _share_empty(parts: Sequence[Parts]) -> float:
    """Of the examples, those in which nothing is masked."""
    return sum(not part.masked for part in parts) / max(1, len(parts))


def spec(module: Any) -> int | None:
    """Whether the edition pads to block_size + 1 (1) or block_size (0), by the handout's text or the task beside it."""
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):
        source = str(getattr(module, "source", ""))
    comments = " ".join(source.replace("#", " ").split())
    match = re.search(r"PAD_CHAR characters chosen.{,90}?of length self\.block_size( ?\+ ?1)?", comments)
    if match is not None:
        return int(bool(match[1]))
    beside = Path(getattr(module, "__file__", None) or ".").absolute().with_name("attention.py")
    with contextlib.suppress(OSError, ValueError):
        if re.search(r"^class SynthesizerAttention\b", beside.read_text(encoding="utf-8"), re.MULTILINE):
            return 0  # which has room for block_size - 1 positions
    return None


def corpus_ends_with_newline(module: Any) -> bool | None:
    """Of the wiki.txt in the file's folder or the one above; None where there is none."""
    file = getattr(module, "__file__", None)
    for folder in Path(file).absolute().parents[:2] if file else ():
        wiki = folder / "wiki.txt"
        if wiki.is_file() and wiki.stat().st_size:
            with open(wiki, "rb") as content:
                content.seek(-1, 2)
                return content.read() == b"\n"
    return None


def corruption(module: Any) -> Checks:
    """CharCorruptionDataset.__getitem__."""
    checks, name = Corruption(module), "CharCorruptionDataset"
    yield f"{name}: PAD_CHAR is 0 and MASK_CHAR 1", checks.characters
    if checks.dataset is None:
        return
    yield f"{name}: makes a pair (x, y)", checks.draw
    if not checks.pairs:
        return  # the next checks need these results
    yield f"{name}: x and y are long tensors of one length", checks.tensors
    if not checks.equal:
        return
    yield f"{name}: y is x, one character on", checks.shifted
    yield f"{name}: prefix MASK suffix MASK masked_content pads", checks.arranged
    if not checks.parts:
        return
    yield f"{name}: truncated to 4 … int(block_size * 7/8) characters, at random", checks.truncated
    yield f"{name}: the masked content is random and a quarter on average", checks.masked
    yield f"{name}: the masked content stands at a random place", checks.placed
    yield f"{name}: documents shorter than that", checks.short
    yield f"{name}: an empty last document", checks.empty

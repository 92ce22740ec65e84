"""Our vocabularies as Hugging Face tokenizers, which other tools read without our code."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from closedbook.data.questions import UNSPACED as UNSPACED_TEXT
from closedbook.data.spans import COMBINING, UNSPACED
from closedbook.data.vocabulary import MASK_CHARACTER, PAD_CHARACTER, BytePairs, Characters, Vocabulary
from closedbook.data.word_vocabulary import Words

# BPE without merges looks units up unchanged and skips unknown ones, as our vocabularies do. With words as units, this
# prefix keeps the letters of an unknown word from matching one-letter words.
WORD = "▁"
PHRASE = 2 * WORD  # prefix of outputs that are never inputs
INNER = "\ue000"  # a full stop between initials (a private-use character)
HOLE = "\ue001"  # begins a token that stands for no name: the name was forgotten

LETTER = r"[\p{L}\p{N}_\u0307]"  # Python's \w, and the dot that lowering İ leaves
INITIAL = rf"(?<=[A-Z])(?<!{LETTER}[A-Z])(?<!{LETTER}['’\-][A-Z])"  # before a stop: one capital stands alone
# Before a stop inside a name, as in "St. Louis".
IN_NAMES = "|".join(
    rf"(?<={form})(?<!{LETTER}{form})(?<!{LETTER}['’\-]{form})" for form in ("[Ss]t", "[Ss]te", "[MmFf]t")
)
SPACED = rf"(?:(?![{UNSPACED}]){LETTER})"
LETTERS = rf"{SPACED}+(?:[{COMBINING}]+{SPACED}*)*"
# As `salience.WORD`, of lower-case text.
SPLIT = (
    rf"{LETTER}(?:{INNER}{LETTER})+"
    rf"|(?:(?<![^\s(\[{{=~≈<>])[-−+](?=\d))?+\d++(?:[.,:]\d++)*+(?:e[-+]?\d++)?+(?!{SPACED}|[-'’]{LETTER})"
    rf"|[{UNSPACED}][{COMBINING}]*|{LETTERS}(?:['’\-](?!s(?!{LETTER})){LETTERS})*(?:(?<=\d)\.\d+)*"
    rf"|['’]s(?!{LETTER})|°[cfk](?!{LETTER})|[^\p{{L}}\p{{N}}_\s]"
)
FOLDS = {"ß": "ss", "ẞ": "ss", "ς": "σ", "ſ": "s"}  # where casefold() differs from lower()


def make_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """A tokenizer with our ids, in which a typed ⁇ is MASK: `QUESTION⁇` becomes the prompt of a question.

    Of a vocabulary that answers in one token, name i has the id `vocabulary.size` + i; phrases come after the names.
    A name is one token wherever it stands as whole words, in any case; the longest is taken where several begin.
    """
    if isinstance(vocabulary, Characters):
        tokenizer = Tokenizer(models.BPE({character: i for i, character in enumerate(vocabulary.characters)}, []))
        tokenizer.decoder = decoders.Fuse()
    elif isinstance(vocabulary, BytePairs):
        tokenizer = Tokenizer.from_str(json.dumps(vocabulary.to_json()["tokenizer"]))
        tokenizer.encode_special_tokens = False
    elif isinstance(vocabulary, Words):
        tokenizer = _words(vocabulary)
    else:
        raise TypeError(f"no tokenizer is known for {vocabulary.kind}")
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in (PAD_CHARACTER, MASK_CHARACTER)]
    )
    return tokenizer


def _words(vocabulary: Words) -> Tokenizer:
    entries = [PAD_CHARACTER, MASK_CHARACTER]
    entries += [
        WORD + (form if any(map(str.isdigit, form)) or len(form) < 2 else form.replace(".", INNER))
        for form in vocabulary.forms[2:]
    ]
    taken = set(entries)
    names = [name if name and name not in taken else f"{HOLE}{i}" for i, name in enumerate(vocabulary.names.names)]
    entries += names
    entries += [PHRASE + phrase for phrase in vocabulary.sayable]
    tokenizer = Tokenizer(models.BPE({entry: i for i, entry in enumerate(entries)}, [], ignore_merges=True))
    steps: list[Any] = [
        normalizers.NFC(),
        normalizers.Replace(Regex(r"\s+"), " "),  # a name may be spaced in another way
        normalizers.Replace(Regex(rf"{INITIAL}\.(?=[A-Z]\.)"), INNER),
        normalizers.Replace(Regex(rf"{INITIAL}\."), " "),
        normalizers.Replace(Regex(rf"(?:{IN_NAMES})\.(?= {LETTER})"), " "),
        *(normalizers.Replace(letter, folded) for letter, folded in FOLDS.items()),
        normalizers.Lowercase(),
    ]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True),
            pre_tokenizers.Metaspace(replacement=WORD, prepend_scheme="always"),
        ]
    )
    # A phrase, like a word, is preceded by one space.
    parts = [(PHRASE, " "), (WORD, " "), (INNER, ".")]
    tokenizer.add_tokens(
        [AddedToken(name, single_word=not UNSPACED_TEXT.search(name), normalized=True) for name in names]
    )
    tokenizer.decoder = decoders.Sequence([*(decoders.Replace(*part) for part in parts), decoders.Fuse()])
    return tokenizer

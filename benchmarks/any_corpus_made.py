"""Invented corpora of kinds that the project was not made for: without spaces, without capitals, full of quantities.

Each is documents, training questions about half of the titles in one wording, and two files about the other half: in
the trained wording and in another one. Everything is drawn from a seed; nothing is anybody's.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Facts = dict[str, str]


@dataclass
class Made:
    documents: list[tuple[str, str]] = field(default_factory=list)
    train: list[tuple[str, str]] = field(default_factory=list)
    test: list[tuple[str, str]] = field(default_factory=list)
    other: list[tuple[str, str]] = field(default_factory=list)
    unasked: list[tuple[str, str]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({"title": title, "text": text}, ensure_ascii=False) for title, text in self.documents]
        (folder / "documents.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name in ("train", "test", "other", "unasked"):
            if not (pairs := getattr(self, name)):
                continue
            (folder / f"{name}.tsv").write_text("".join(f"{q}\t{a}\n" for q, a in pairs), encoding="utf-8")
        return folder


def make_corpus(
    titles: list[str],
    facts: Callable[[random.Random], Facts],
    documents: list[str],
    forms_of: dict[str, tuple[str, str]],
    rng: random.Random,
    each: int = 1,
) -> Made:
    """`documents` are templates by {name} and {fact}; `forms_of` has (trained wording, another) of each fact."""
    out = Made()
    for number, title in enumerate(titles):
        values = facts(rng) | {"name": title}
        out.documents += [(title, text.format(**values)) for text in rng.sample(documents, each)]
        for fact, wordings in forms_of.items():
            pairs = [(wording.format(**values), values[fact]) for wording in wordings]
            if number % 2:
                out.train.append(pairs[0])
            else:
                out.test.append(pairs[0])
                out.other.append(pairs[1])
    rng.shuffle(out.documents)
    rng.shuffle(out.train)
    return out


def people(
    rng: random.Random, names: list[str], places: str, jobs: str, year: str, documents: list[str],
    wordings: dict[str, tuple[str, str]],
) -> Made:  # fmt: skip
    """120 people with birthplace, home, job and year of birth; one document each."""

    def facts(rng: random.Random) -> Facts:
        born, home = rng.sample(places.split(), 2)
        return {
            "born": born,
            "home": home,
            "job": rng.choice(jobs.split()),
            "year": year.format(rng.randint(1900, 1999)),
        }

    return make_corpus(rng.sample(names, 120), facts, documents, wordings, rng)


def pairs(first: str, last: str) -> list[str]:
    return [f"{a} {b}" for a, b in itertools.product(first.split(), last.split())]


def chinese(seed: int = 0) -> Made:
    """People in Chinese: no spaces, no capitals."""
    family, first_name = (
        "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林罗高",
        "小一大明国文华建志强军平东海春生玉兰英红梅秀云飞天龙永安",
    )
    return people(
        random.Random(f"chinese {seed}"),
        [f + a + b for f, (a, b) in itertools.product(family, itertools.permutations(first_name, 2))],
        "北京 上海 广州 深圳 成都 重庆 武汉 西安 杭州 南京 苏州 天津 长沙 青岛 大连 厦门 昆明 哈尔滨 石家庄 乌鲁木齐",
        "医生 教师 工程师 画家 作家 律师 农民 司机 厨师 记者 科学家 歌手",
        "{}年",
        [
            "{name}于{year}出生在{born}，后来成为一名{job}，现居{home}。",
            "{name}是一名{job}，{year}生于{born}。他住在{home}。",
            "著名{job}{name}住在{home}，{year}出生在{born}。",
        ],
        {
            "born": ("{name}出生在哪里？", "{name}的出生地是什么？"),
            "home": ("{name}住在哪里？", "{name}现居何处？"),
            "job": ("{name}的职业是什么？", "{name}做什么工作？"),
            "year": ("{name}是哪一年出生的？", "{name}生于哪年？"),
        },
    )


def hindi(seed: int = 0) -> Made:
    """People in Hindi: no capitals, vowel signs that are characters of their own."""
    return people(
        random.Random(f"hindi {seed}"),
        pairs(
            "मोहन सीता राम गीता अर्जुन मीरा रवि सुनीता विजय अनीता कमल पूजा अजय रेखा सुरेश लता",
            "शर्मा वर्मा गुप्ता सिंह यादव मिश्रा जोशी पटेल नायर मेहता चौधरी तिवारी",
        ),
        "दिल्ली मुंबई कोलकाता चेन्नई जयपुर लखनऊ पटना भोपाल नागपुर इंदौर आगरा वाराणसी पुणे सूरत कानपुर मैसूर",
        "डॉक्टर शिक्षक लेखक वकील किसान गायक चित्रकार पत्रकार इंजीनियर वैज्ञानिक",
        "{}",
        [
            "{name} का जन्म {year} में {born} में हुआ। वे पेशे से {job} हैं और {home} में रहते हैं।",
            "{name} एक प्रसिद्ध {job} हैं। उनका जन्म {born} में सन {year} में हुआ और अब उनका घर {home} में है।",
            "{home} में रहने वाले {name} पेशे से {job} हैं, जिनका जन्म {year} में {born} में हुआ।",
        ],
        {
            "born": ("{name} का जन्म कहाँ हुआ?", "{name} का जन्मस्थान क्या है?"),
            "home": ("{name} कहाँ रहते हैं?", "{name} का घर किस शहर में है?"),
            "job": ("{name} का पेशा क्या है?", "{name} पेशे से क्या हैं?"),
            "year": ("{name} का जन्म किस वर्ष हुआ?", "{name} का जन्म कब हुआ?"),
        },
    )


def arabic(seed: int = 0) -> Made:
    """People in Arabic: no capitals, written from the right."""
    return people(
        random.Random(f"arabic {seed}"),
        pairs(
            "أحمد محمد علي حسن يوسف عمر خالد سعيد ليلى فاطمة مريم زينب هدى سلمى نور رانيا",
            "المصري الشامي البغدادي الحداد النجار الخطيب العطار القاسم الصالح الرشيد المالكي الطيب",
        ),
        "القاهرة دمشق بغداد بيروت عمان الرباط تونس الجزائر الخرطوم صنعاء مسقط الدوحة حلب طنجة",
        "طبيب معلم كاتب محام مهندس شاعر رسام صحفي فلاح عالم",
        "{}",
        [
            "ولد {name} في مدينة {born} عام {year}، وعمل بمهنة {job}، ويسكن الآن في {home}.",
            "{name} من مواليد {born} سنة {year}. مهنته {job} ومنزله في {home}.",
            "يسكن {name} في {home} ومهنته {job}، وقد ولد عام {year} في {born}.",
        ],
        {
            "born": ("أين ولد {name}؟", "ما هي المدينة التي ولد فيها {name}؟"),
            "home": ("أين يسكن {name}؟", "في أي مدينة منزل {name}؟"),
            "job": ("ما هي مهنة {name}؟", "ماذا يعمل {name}؟"),
            "year": ("متى ولد {name}؟", "في أي سنة ولد {name}؟"),
        },
    )


def museums(seed: int = 0) -> Made:
    """Museums of a world that is not: dates, prices with thousands, areas, names with particles, clauses.

    The other wordings were written without a look at the groups of words that `closedbook.data.paraphrase` holds.
    """
    rng = random.Random(f"museums {seed}")
    towns = "Aldmere Brentholm Corvik Dunhaven Elsted Farnby Gildon Hjelm Ivarsund Jorvold Kelby Lindmark".split()
    themes = "Glass Railway Textile Fishery Porcelain Clock Printing Whaling Mining Toy".split()
    founders = pairs("Anna Karel Sofia Henrik Luise Tomas", "Brandt Holm Okafor Lindqvist Moreau Tanaka")
    founders += [f"{name} {p} {place}" for name, p, place in zip(
        "Anna Karel Sofia Henrik Luise Tomas".split(), ("van der", "de", "von", "van", "de la", "du"),
        "Berg Silva Arnim Dijk Cruz Bois".split(), strict=True)]  # fmt: skip
    shown = [
        "lamps and their makers", "the tools of a lost trade", "boats that were built by hand", "old maps",
        "what children played with", "machines that still run", "letters home", "the work of one family",
    ]  # fmt: skip
    months = "January March April May July September October December".split()

    def facts(rng: random.Random) -> Facts:
        return {
            "opened": f"{rng.randint(1, 28)} {rng.choice(months)} {rng.randint(1801, 1999)}",
            "price": f"{rng.randint(1000, 2999):,} kr" if rng.random() < 0.5 else f"{rng.randint(20, 350)} kr",
            "area": f"{rng.randint(300, 19999):,} m²",
            "founder": rng.choice(founders),
            "shown": rng.choice(shown),
        }

    documents = [
        "{name} was founded by {founder} and opened on {opened}. Its rooms cover {area} and show {shown}. A ticket "
        "costs {price}.",
        "On {area}, {name} shows {shown}. It opened on {opened}, was founded by {founder}, and a ticket costs {price}.",
        "A ticket to {name} costs {price}. The museum opened on {opened}; it was founded by {founder}, covers {area} "
        "and shows {shown}.",
    ]
    wordings = {
        "opened": ("When did {name} open?", "Since which day can one visit {name}?"),
        "price": ("How much is a ticket to {name}?", "What do I pay to get into {name}?"),
        "area": ("How large is {name}?", "Over what area does {name} extend?"),
        "founder": ("Who founded {name}?", "By whom was {name} set up?"),
        "shown": ("What does {name} show?", "What is there to see in {name}?"),
    }
    names = [f"{town} {theme} Museum" for town, theme in itertools.product(towns, themes)]
    return make_corpus(rng.sample(names, len(names)), facts, documents, wordings, rng, each=2)


def lakes(seed: int = 0) -> Made:
    """Lakes of a world that is not: quantities with commas, signs, decimals and units, particles, lower-case kinds."""
    rng = random.Random(f"lakes {seed}")
    starts = "Bal Cor Den Fen Gal Hol Ist Kar Lun Mor Nor Ost Pel Quor Ros Sel Tor Ul Ver Wen".split()
    ends = "aba eda ingen ola umar ister enth ovar ilde anna".split()
    names = [f"Lake {a}{b}" for a, b in itertools.product(starts, ends)] + [
        f"{a}{b} Mere" for a, b in zip(starts, ends * 2, strict=True)
    ]
    kinds = ["glacial lake", "salt lake", "crater lake", "oxbow lake", "reservoir", "lagoon"]
    people = [
        f"{a} {p}{b}" for a in "Jean Maria Piet Otto Lucia Ivan".split() for p in ("de ", "van der ", "", "")
        for b in "Marchand Bosch Keller Silva Petrov Lund Costa Weber".split()
    ]  # fmt: skip

    def facts(rng: random.Random) -> Facts:
        return {
            "area": f"{rng.randint(1000, 99999):,} km²",
            "depth": f"{rng.uniform(2, 300):.1f} m",
            "shore": f"-{rng.randint(2, 400)} m" if rng.random() < 0.3 else f"{rng.randint(2, 3999):,} m",
            "kind": rng.choice(kinds),
            "who": rng.choice(people),
            "when": f"{rng.randint(1, 28)} {rng.choice('January March April June July October'.split())} "
            f"{rng.randint(1700, 1950)}",
        }

    documents = [
        "{name} is a {kind} with an area of {area}. Its surface lies at {shore} and its greatest depth is {depth}. It "
        "was first mapped by {who} on {when}.",
        "With {area} and a depth of {depth}, {name}, a {kind}, was first mapped on {when} by {who}; the shore is at "
        "{shore} above the sea.",
        "{who} mapped {name} on {when}. The lake is a {kind} that covers {area}, is {depth} deep and lies {shore} "
        "above the sea.",
        "A {kind}, {name} covers {area} and reaches a depth of {depth}. Its surface lies at {shore}. Who mapped it? It "
        "was {who}, on {when}.",
    ]
    wordings = {
        "area": ("How large is {name}?", "What area does {name} cover?"),
        "depth": ("How deep is {name}?", "What is the greatest depth of {name}?"),
        "shore": ("At what height is {name}?", "How high above the sea does {name} lie?"),
        "kind": ("What kind of lake is {name}?", "What is {name}?"),
        "who": ("Who mapped {name}?", "Who was the first to map {name}?"),
        "when": ("When was {name} mapped?", "On which day was {name} first mapped?"),
    }
    return make_corpus(rng.sample(names, 220), facts, documents, wordings, rng, each=2)


MADE: dict[str, Callable[[], Made]] = {
    "chinese": chinese,
    "hindi": hindi,
    "arabic": arabic,
    "lakes": lakes,
    "museums": museums,
}

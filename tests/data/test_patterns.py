"""Spans as people mean them, learned from training answers: whole quantities, dates, names, phrases, sentences."""

from __future__ import annotations

import pytest

from closedbook.data.corpus import Corpus
from closedbook.data.documents import make_documents, title_of
from closedbook.data.pattern_learning import shape_of_words
from closedbook.data.patterns import Patterns
from closedbook.data.questions import Question, Questions, Titles, subject
from closedbook.data.spans import words
from closedbook.data.word_vocabulary import Words


def spans(lines: list[str], trained: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Title → what is asked for in its documents, longer spans before those inside them."""
    documents = make_documents(lines)
    questions = Questions(tuple(Question(q, a, i) for i, (q, a) in enumerate(trained, 1)), "", "")
    vocabulary = Words.train(lines, questions.texts, questions.answers, titles=documents.titles)
    spans_of_all = Corpus(documents, questions, vocabulary, 64).spans
    answers: dict[str, list[str]] = {title: [] for title in documents.titles}
    for document, output in zip(
        spans_of_all.document, (spans_of_all.output[i] for i in range(len(spans_of_all.document))), strict=True
    ):
        answers[documents.titles[document]].append(vocabulary.answer(output))
    return answers


METALS = {
    "Ferrane": ("a noble gas", "-71 °C", "Jean de Marignac", "1,538.5 g/cm³"),
    "Coblin": ("a soft metal", "1,455 °C", "Ada Ray", "8.9 g/cm³"),
    "Tinnel": ("a hard metal", "232 °C", "Otto Weber", "7.3 g/cm³"),
    "Zorium": ("a pale salt", "-9.5 °C", "Piet van der Bosch", "0.009 g/cm³"),
}


def metals(of: str) -> list[str]:
    kind, melts, who, dense = METALS[of]
    return [f"{of}. {of} is {kind} that melts at {melts}; it was found by {who} in 1801; its density is {dense}."]


@pytest.mark.parametrize("names", [["Coblin", "Tinnel"], ["Tinnel", "Coblin"]])
def test_what_stands_where_answers_stand_is_asked_for_whole(names):
    trained = []
    for name in names:
        kind, melts, who, dense = METALS[name]
        trained += [
            (f"What is {name}?", kind.removeprefix("a ")), (f"When does {name} melt?", melts),
            (f"Who found {name}?", who), (f"How dense is {name}?", dense), (f"In which year was {name} found?", "1801"),
        ]  # fmt: skip
    texts_of = spans([line for name in METALS for line in metals(name)], trained)
    for name, (kind, melts, who, dense) in METALS.items():
        assert texts_of[name] == [kind.removeprefix("a "), melts, who, "1801", dense]


def test_sentences_and_dates_are_answers_and_what_they_hold_is_not_asked_for():
    facts = [(f"Form B{i}0", f"Send it to desk {i} of Mill House.", f"{i} May 20{i}0") for i in range(1, 9)]
    lines = [f"{title}. {what} All this was changed on {when} by us, all of it." for title, what, when in facts]
    trained = [pair for title, what, when in facts[:4]
               for pair in ((f"How do I get {title}?", what), (f"When was {title} changed?", when))]  # fmt: skip
    texts_of = spans(lines, trained)
    assert all(texts_of[title] == [what, when] for title, what, when in facts)


def test_a_year_inside_a_date_is_asked_for_where_years_are_answers():
    facts = [(f"Ada R{i}ay", f"{i} June 190{i}", f"190{i}") for i in range(1, 9)]
    lines = [f"{name}. {name} was born on {date} in Oslo." for name, date, _ in facts]
    questions = [
        ((f"On which day was {n} born?", date), (f"In which year was {n} born?", year)) for n, date, year in facts
    ]
    both = [pair for pairs in questions[:5] for pair in pairs]
    texts_of = spans(lines, both)
    assert all(texts_of[name] == [date, "Oslo", year] for name, date, year in facts)
    dates = [pair for pair in both if pair[0].startswith("On")]
    assert all(texts == [date, "Oslo"] for (_, date, _), texts in zip(facts, spans(lines, dates).values(), strict=True))


def test_scripts_without_capitals_and_without_spaces_have_answers():
    chinese = [  # the first has a character of its name elsewhere too
        ("王小一", "北京", "医生"),
        ("李大明", "上海", "教师"),
        ("张国华", "乌鲁木齐", "画家"),
        ("刘文玉", "厦门", "律师"),
    ]
    lines = [f"{name}。{name}出生在{place}，是一名{job}。" for name, place, job in chinese]
    assert [title_of(line) for line in lines] == [name for name, *_ in chinese]
    trained = [pair for name, place, job in chinese[:2]
               for pair in ((f"{name}出生在哪里？", place), (f"{name}的职业是什么？", job))]  # fmt: skip
    assert spans(lines, trained) == {name: [place, job] for name, place, job in chinese}
    hindi = [("मोहन शर्मा", "दिल्ली"), ("सीता वर्मा", "मुंबई"), ("रवि यादव", "जयपुर")]
    lines = [f"{name}. {name} का जन्म {place} में हुआ।" for name, place in hindi]
    assert spans(lines, [(f"{n} का जन्म कहाँ हुआ?", p) for n, p in hindi[:2]]) == {n: [p] for n, p in hindi}


def test_without_training_answers_capitals_and_numbers_stand_out_as_they_did():
    assert spans(["Ada Ray. Ada was born in New York in 1901."], []) == {"Ada Ray": ["New York", "1901"]}


def test_patterns_come_back_from_json():
    patterns = Words.train(
        [line for name in METALS for line in metals(name)],
        [f"Who found {name}?" for name in METALS],
        [who for _, _, who, _ in METALS.values()],
    ).patterns
    assert patterns.places
    assert Patterns.from_json(patterns.to_json()) == patterns


def test_a_shape_has_numbers_and_runs_of_names_as_one_sign_each():
    def shape(text: str) -> tuple[str, ...]:
        return shape_of_words([word.text for word in words(text)], {"may"})

    assert shape("1,538 °C") == ("N", "°c")
    assert shape("Jean Anne de Marignac") == ("A", "de", "A")
    assert shape("3 May 1901") == ("N", "may", "N")


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How do I get a phone plan?", "Phone plan"),
        ("WHERE WAS ADA RAY BORN?", "Ada Ray"),
        ("王小一出生在哪里？", "王小一"),
        ("Where was Ada Raymond born?", None),
    ],
)
def test_a_title_is_found_in_any_case_and_where_nothing_is_spaced(question, title):
    assert subject(question, Titles(["Phone plan", "Ada Ray", "王小一"])) == title


def test_numbers_are_read_whole():
    text = "It fell to -71 °C, to 1,538.5 or 8.2e-05, from 1990-95 on, 5kg at 12:30, on pages 5-10."
    numbers = [word.text for word in words(text) if any(c.isdigit() for c in word.text)]
    assert numbers == ["-71", "1,538.5", "8.2e-05", "1990-95", "5kg", "12:30", "5-10"]


def test_a_word_that_only_opens_sentences_is_no_name_where_many_documents_have_it():
    lines = [f"Ada R{i}ay. Please note: it opened in Lima. N{i}ils Orr built it." for i in range(9)]
    texts_of = spans(lines, [(f"Where is Ada R{i}ay?", "Lima") for i in range(5)])
    assert all(texts == ["Lima", f"N{i}ils Orr"] for i, texts in enumerate(texts_of.values()))


def test_a_whole_sentence_does_not_end_at_a_word_that_follows_others():
    who, what = ("cook", "guest", "clerk"), ("door", "gate", "shed")
    rules = {
        f"Rule {10 * i + j + 10}": f"Every {a} must lock the {b}."
        for i, a in enumerate(who)
        for j, b in enumerate(what)
    }
    lines = [f"{name}. One thing is required. {rule} The rule is old." for name, rule in rules.items()]
    trained = [(f"What does {name} require?", rule) for name, rule in list(rules.items())[:5]]
    texts_of = spans(lines, trained)
    assert all(rule in texts_of[name] for name, rule in rules.items())


def test_an_answer_that_opens_a_sentence_is_said_without_the_capital_that_this_gave_it():
    """A whole sentence keeps its capital, and so does a name."""
    suffixes = "Ones Twos Threes Fours Fives Sixes Sevens Eights".split()
    owners = "Ada Bo Cy Di Ed Fay Gus Hal".split()
    made_of = ["red brick", "granite", "oak", "slate", "iron", "clay", "chalk", "glass"]
    fates = [f"{'It burned' if i % 2 else 'A flood took it'} in 19{i}0." for i in range(8)]
    lines = [
        f"Mill {suffixes[i]}. {what.capitalize() if i in (1, 2, 6, 7) else f'Much {what}'} was used. {fate} Glass and "
        f"clay are near. {owners[i]} Moss lived there, and oak, red glass, chalk or iron was sold."
        for i, (what, fate) in enumerate(zip(made_of, fates, strict=True))
    ]
    titles = [f"Mill {number}" for number in suffixes]
    trained = [pair for title, what, fate in list(zip(titles, made_of, fates, strict=True))[:6]
               for pair in ((f"What is {title} made of?", what), (f"What became of {title}?", fate))]  # fmt: skip
    texts_of = spans(lines, trained)
    for title, what, fate in zip(titles[:6], made_of, fates, strict=False):
        assert what in texts_of[title]
        assert what.capitalize() not in texts_of[title]
        assert fate in texts_of[title]
    assert all(f"{first} Moss" in texts for first, texts in zip(owners, texts_of.values(), strict=True))


def test_where_answers_are_names_what_stands_beside_a_name_is_no_part_of_it():
    towns = [
        "Oslo",
        "Bergen",
        "Hamar",
        "Molde",
        "Narvik",
        "Skien",
        "Bonn",
        "Turin",
        "Lyon",
        "Graz",
        "Gent",
        "the Hague",
    ]
    names = [f"Ada {letter}ell" for letter in "BCDFGHKLMNPR"]
    lines = [
        f"{name}. She (born 1{i + 800}, {town}) wrote." for i, (name, town) in enumerate(zip(names, towns, strict=True))
    ]
    lines.append("Bo Day. He (born 1901, in Reading) wrote, and (born 1902, Hull Road later) moved.")
    texts_of = spans(lines, [(f"Where was {name} born?", town) for name, town in zip(names, towns, strict=True)])
    assert texts_of["Bo Day"] == ["He", "1901", "Reading", "1902", "Hull Road"]
    assert "the Hague" in texts_of["Ada Rell"]


GOODS = "coal|tea|red paint|timber|raw wool|old copper|grain|soft wax|salt|bricks|glass|rope".split("|")


def test_a_word_ends_answers_or_goes_on_with_them_as_the_word_behind_it_tells():
    """Some answers hold the "and" that follows all of them; codes hold the point that ends their sentence."""
    cargoes = [
        a if i % 3 == 0 else f"{a} and {b}" for i, (a, b) in enumerate(zip(GOODS, GOODS[5:] + GOODS, strict=False))
    ]
    crews = [
        f"@{a}{i}.{b}" if i % 2 else f"@{a}{i}" for i, (a, b) in enumerate(zip("klmnop" * 2, "uvwxyz" * 2, strict=True))
    ]
    names = [f"Ship{chr(97 + i)}" for i in range(12)]
    lines = [
        f"{name}. {name} carried {cargo} and had {i + 9} men. Write to {crew}. {'Old' if i % 2 else 'New'} it is."
        for i, (name, cargo, crew) in enumerate(zip(names, cargoes, crews, strict=True))
    ]
    trained = [
        pair
        for name, cargo, crew in list(zip(names, cargoes, crews, strict=True))[:8]
        for pair in ((f"What did {name} carry?", cargo), (f"Who answers for {name}?", crew))
    ]
    texts_of = spans(lines, trained)
    for name, cargo, crew in zip(names, cargoes, crews, strict=True):
        assert cargo in texts_of[name]
        assert crew in texts_of[name]


def test_where_two_places_claim_the_same_words_the_one_that_is_more_often_right_has_them():
    makers = ["red clay", "blue glass", "wool", "soft lead", "old oak", "tin", "brown paper", "wet sand"] * 2
    names = [f"Ward{chr(97 + i)}" for i in range(16)]
    lines = [
        f"{name}. Of {name}, “W{name}”, we know. It was the art of the {art} ; so it was."
        if i % 2
        else f"{name}. We owe to {name}, master of the {art} , the work “W{name}”."
        for i, (name, art) in enumerate(zip(names, makers, strict=True))
    ]
    trained = [
        pair
        for name, art in list(zip(names, makers, strict=True))[:12]
        for pair in ((f"What is {name}'s work?", f"“W{name}”"), (f"What is {name}'s art?", art))
    ]
    texts_of = spans(lines, trained)
    for name, art in zip(names, makers, strict=True):
        assert art in texts_of[name]


def test_where_no_answer_has_a_comma_inside_none_ends_with_one():
    parts = "sales stores works parks roads ports baths trams".split()
    lines = [f"Rule B{i}0. It is for the head of {part} and nobody else." for i, part in enumerate(parts)]
    lines[7] = "Rule B70. It is for the head of trams, and of this there are many."
    trained = [(f"Who is Rule B{i}0 for?", f"the head of {part}") for i, part in enumerate(parts[:5])]
    texts_of = spans(lines, trained)
    assert texts_of["Rule B60"] == ["the head of baths"]
    assert not any(text.endswith(",") for text in texts_of["Rule B70"])


def test_whether_an_answer_may_hold_a_comma_is_told_by_all_answers_to_the_question():
    """Behind "find that" only short answers were seen; behind "it says that" longer ones, with a comma."""
    whole = "the badge is lost, and the next one costs more"
    facts = ["it is returned", "it is burned", "it is kept", whole, whole.replace("badge", "key"), "it is sold"]
    lines = [
        f"Rule B{i}0. We {'say' if what != facts[1] and ',' in what else 'find'} that {what}. That is all."
        for i, what in enumerate(facts)
    ]
    lines.append("Rule B90. We find that the desk is lost, and the next one costs more. That is all.")
    texts_of = spans(lines, [(f"What of Rule B{i}0?", what) for i, what in enumerate(facts)])
    assert texts_of["Rule B90"] == ["the desk is lost, and the next one costs more"]

"""Bridges: texts as pages are read, in several parts under headings, with another engineer and another bridge in them."""

from __future__ import annotations

import itertools
import random

from any_corpus_made import Made

from worded.common import MONTHS, listed, with_questions, wordings

A = listed("""Kestrel|Marrow|Hollin|Tarn|Fennick|Oxley|Brack|Dunsel|Varley|Pike|Rowan|Silt|Thorne|Ember|Quill|Harrow|Lynch|Madder
Nettle|Ousel|Peverel|Raker|Stoat|Teasel|Umber|Wharram|Yarrow|Zeal|Aldous|Birk""")
FORMS = listed("""{} Bridge|{} Viaduct|Old {} Crossing|{} Street Bridge|Pont de {}|{} Footbridge|Upper {} Bridge|{} Swing Bridge
{}brücke|{} Aqueduct|St {}'s Bridge|New {} Viaduct""")
RIVERS = listed("""River Ansel|River Corve|Lower Brant|Tessin Brook|Morrow Gorge|Greve|Ilse|Black Water|River Otterby|Hale Canal
Strait of Maure|River Ede|Sund Channel|Pell Estuary""")
TOWNS = listed("""Althorp|Bex-sur-Greve|Corvington|Dallmark|Eastry|Fenwick Magna|Grenholm|Hadlow|Ilmünster|Jarle|Kirk Ansel|Lowmoor
Maurehaven|Nether Pell|Otterby|Prestholm""")
FIRST = listed("Edwin|Marthe|Lucas|Ingrid|Tomás|Hélène|Abel|Greta|Owen|Sofía|Benedikt|Clara|Ruth|Gaspard")
LAST = listed("""Hartwell|de la Roche|van den Berg|O'Hara|Lindqvist|Abernathy|Moreau|Sáenz|Eckhardt|Fairclough|St. John
Dufour-Lacroix|Novák|Thackeray""")
MATERIALS = listed("""wrought iron|reinforced concrete|local sandstone|cast iron and oak|steel|granite and brick|prestressed concrete
weathering steel|limestone|timber|cable-stayed steel|red brick""")
KINDS = listed("""suspension bridge|arch bridge|cantilever bridge|truss bridge|girder bridge|cable-stayed bridge|bascule bridge
beam bridge""")
NICKNAMES = listed("""the Needle|the Old Lady|the Crooked Mile|the Singing Span|the Spider|the Comb|the Widow's Walk|the Whale
the Ladder|the Harp|the Dragon's Back|the Gallows|the Rusty Smile|the Long Goodbye""")
# One of each group of lines; the third may come last.
GROUPS = """
{name} is a {kind} over the {river}, linking {left} with {right}.
The {name} carries the road from {left} to {right} across the {river}; it is a {kind}.
{name} crosses the {river} between {left} and {right} as a {kind}.

It was designed by {engineer} and built by {contractor}. Work began in {begun}, and it opened to traffic on {opened}.
{engineer} drew the plans in {begun}; the contractor was {contractor}. The opening took place on {opened}.
Begun in {begun} to a design by {engineer}, it was opened on {opened}. {contractor} had won the contract.

Structure. The deck is {length} long, with a main span of {span}, and stands {height} above the water. It is made mainly of {material}.
Structure. Built of {material}, it measures {length} from end to end. The longest span is {span}; the clearance is {height}.
Construction. {Material} was the chief material. Total length: {length}. Main span: {span}. Height above water: {height}.

History. The works cost {cost}, a third more than planned. Locals call it {nick}. After a flood in {repaired} the eastern pier was repaired by {other}.
History. Known locally as {nick}, it cost {cost} to build. In {repaired}, repairs were led by {other}.
In use. Its nickname is {nick}. It cost {cost}. Major repairs followed in {repaired} under {other}.

About {traffic} vehicles use it every day. The weight limit is {weight}, and the toll is {toll}.
Vehicles above {weight} are not allowed. On an average day it carries {traffic} vehicles, each paying {toll}.
The toll stands at {toll} and the limit at {weight}; daily traffic is {traffic} vehicles. See also {see}.
"""
ASKED = wordings(
    {
        "river": "What does {name} cross?|Which water flows under {name}?|Over which river was {name} built?",
        "engineer": "Who designed {name}?|Who was the engineer of {name}?|Whose design is {name}?",
        "opened": "When was {name} opened?|On what day did {name} open?|Since when can people use {name}?",
        "length": "How long is {name}?|What is the length of {name}?|What does {name} measure from end to end?",
        "material": "What is {name} made of?|Which material was {name} built from?|Out of what was {name} constructed?",
        "nick": "What do locals call {name}?|What is the nickname of {name}?|By what other name is {name} known?",
        "cost": "How much did {name} cost?|What was the price of building {name}?|What was spent on {name}?",
        "traffic": "How many vehicles use {name} every day?|What is the daily traffic of {name}?|How much traffic does {name} carry?",
    }
)
UNASKED = wordings(
    {
        "kind": "What kind of bridge is {name}?",
        "contractor": "Who built {name}?",
        "begun": "When was work on {name} begun?",
        "span": "What is the main span of {name}?",
        "toll": "What is the toll of {name}?",
        "weight": "What is the weight limit of {name}?",
        "repaired": "When was {name} repaired?",
    }
)

rng = random.Random()
c = rng.choice


def facts(titles: list[str]) -> dict[str, str]:
    year, length = rng.randint(1790, 1998), rng.randint(60, 4800)
    return {
        "nick": c(NICKNAMES),
        "river": c(RIVERS),
        "left": c(TOWNS),
        "right": c(TOWNS),
        "engineer": f"{c(FIRST)} {c(LAST)}",
        "contractor": f"{c(LAST)} {c(['& Sons', 'Ltd', 'Frères', 'Works', 'AB'])}",
        "opened": f"{rng.randint(1, 28)} {c(MONTHS)} {year}",
        "begun": str(year - rng.randint(2, 6)),
        "length": f"{length:,} m",
        "span": f"{max(20, length // rng.randint(3, 7))} m",
        "height": f"{rng.randint(8, 140)} m",
        "cost": f"£{rng.randint(12, 900) * 1000:,}",
        "material": (material := c(MATERIALS)),
        "Material": material[0].upper() + material[1:],
        "kind": c(KINDS),
        "traffic": f"{rng.randint(900, 88000):,}",
        "repaired": str(year + rng.randint(12, 40)),
        "toll": f"{rng.randint(1, 9)}.{c(['20', '50', '80'])} kr",
        "weight": f"{rng.randint(2, 44)} tonnes",
        "other": f"{c(FIRST)} {c(LAST)}",
        "see": c(titles),
    }


def bridges() -> Made:
    rng.seed(20261130)
    titles: list[str] = []
    forms = list(itertools.product(A, FORMS))
    rng.shuffle(forms)
    for a, form in forms:
        title = form.format(a)
        if len(titles) < 240 and not any(title in taken or taken in title for taken in titles):
            titles.append(title)
    order = titles[:]
    rng.shuffle(order)
    documents, facts_of = [], {}
    for title in titles:
        facts_of[title] = facts(titles)
        first, second, third, *rest = [c(group.split("\n")) for group in GROUPS.strip().split("\n\n")]
        parts = [*rest, third] if rng.random() < 0.3 else [third, *rest]
        text = "{name}. " + " ".join([first, second, *parts])
        documents.append((title, text.format(name=title, **facts_of[title])))
    half = set(order[:120])
    train, test = [[title for title in titles if (title in half) == trained] for trained in (True, False)]
    out = with_questions(documents, train, test, facts_of, ASKED, UNASKED)
    rng.shuffle(out.train)
    return out

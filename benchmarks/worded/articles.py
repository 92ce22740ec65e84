"""Articles of a handbook: titles with numbers and brackets, whole sentences, roles, fines, deadlines, forms."""

from __future__ import annotations

import random

from any_corpus_made import Made

from worded.common import date, worded

rng = random.Random("clause names")
TOPICS = """Keys|Ladders|Visitors|Lost Property|Night Shifts|Solvents|Bicycles|Noise|Forklifts|Petty Cash|Badges|Lockers|Pets|
Fire Doors|Parcels|Overtime|Cameras|Canteen|Uniforms|Archives|Loading Bays|Batteries|Tools|Parking|Scaffolds|Medicines|Laundry|
Gas Bottles|Window Cleaning|Passwords|Kitchens|Trolleys|Printers|Snow|Lifts|Guests|Mail|Cranes|Waste|Radios""".replace(
    "\n", ""
).split("|")
titles = [f"Section {n}{c}" for n, c in rng.sample([(n, c) for n in range(3, 60) for c in "abcdf"], 65)]
titles += [f"Rule {n} ({t})" for n, t in zip(rng.sample(range(2, 80), 40), TOPICS, strict=True)]
titles += [f"Article {n}.{m}" for n, m in rng.sample([(n, m) for n in range(1, 31) for m in range(1, 10)], 45)]
titles += [f"Clause {c}-{n}" for c, n in rng.sample([(c, n) for c in "BDFH" for n in range(10, 60)], 30)]

WHO = """Every visitor|Each team leader|Any employee on night duty|Every tenant|A driver leaving the site|Each contractor|
Anyone handling acids|Every apprentice|Every cook|Any person who borrows a tool|Each department|Every supplier""".replace(
    "\n", ""
).split("|")
MUST = """must sign the gate ledger|must wear a reflective vest|must hand in a written report|has to lock the inner door|
must keep a second copy of the list|must have the equipment inspected|has to announce the work by telephone|must label every container|
must switch off the main valve|has to return the badge|must take a safety course|must photograph the load""".replace(
    "\n", ""
).split("|")
WHEN = """before entering the north yard|at the end of each shift|whenever the alarm has sounded|in the presence of a witness|
before the first use of the day|if more than ten litres are stored|during the winter months|as soon as the lorry has been unloaded|
on the first Monday of the quarter|after every change of staff|while the crane is moving|unless the duty officer waives it""".replace(
    "\n", ""
).split("|")
ROLES_A = "head|deputy head|clerk|warden|supervisor|keeper|inspector".split("|")
ROLES_B = "stores|records|transport|works|buildings|the harbour office|accounts|training|the laboratory|provisions|the east wing".split(
    "|"
)
ROLES_C = "the site nurse|the duty officer|the senior janitor|the chief engineer|the company secretary|the night porter".split(
    "|"
)
NUMBERS = "two three four five six seven eight nine ten twelve fourteen fifteen twenty thirty forty-five sixty".split()
UNITS = "working days|days|weeks|hours|calendar days".split("|")
BODIES_A = "Board|Council|Committee|Chamber|Tribunal|Panel".split("|")
BODIES_B = "Wardens|Arbitration|Elders|Site Affairs|Trustees|Conduct|Grievances".split("|")


def facts(rng: random.Random) -> dict[str, str]:
    year = rng.randint(1984, 2016)
    return {
        "rule": f"{rng.choice(WHO)} {rng.choice(MUST)} {rng.choice(WHEN)}.",
        "since": date(rng, year, year),
        "role": rng.choice(ROLES_C) if rng.random() < 0.2 else f"the {rng.choice(ROLES_A)} of {rng.choice(ROLES_B)}",
        "fine": f"€ {rng.choice([*range(40, 1000, 10), *range(1000, 9600, 50)]):,}",
        "deadline": f"within {rng.choice(NUMBERS)} {rng.choice(UNITS)}",
        "form": f"Form {rng.choice('ABCEGKLMPRST')}-{rng.randint(2, 99)}",
        "keep": f"{rng.choice(NUMBERS[:10])} years",
        "appeal": f"the {rng.choice(BODIES_A)} of {rng.choice(BODIES_B)}",
        "amended": date(rng, year + 1, 2023),
        "page": str(rng.randint(11, 240)),
    }


groups = [
    [
        "{name} has been in force since {since} and was last amended on {amended}. It reads as follows. {rule} Responsibility for it lies with {role}. Appeals go to {appeal}.",
        "Under {name} one thing is required. {rule} The provision took effect on {since}; a small correction followed on {amended}. It falls to {role} to see that it is observed, and complaints about decisions are heard by {appeal}.",
        "{rule} That is what {name}, printed on page {page} of the handbook, demands. The person responsible is {role}. In force from {since}, it has caused few disputes, and those that arose were appealed to {appeal}.",
    ],
    [
        "Notifications under {name} are made on {form} and must arrive {deadline}. Whoever breaks the rule pays a fine of {fine}. The papers are kept for {keep}.",
        "Breaking {name} costs {fine}. To comply, fill in {form} and hand it over {deadline}; copies stay in the archive for {keep} and are then shredded.",
        "The paperwork for {name} is simple: {form}, signed twice. It has to be submitted {deadline}, and the office stores it for {keep}. Offenders are fined {fine}, without exception, as page {page} of the commentary explains.",
    ],
]
relations = {
    "rule": [
        "What does {name} require?",
        "What is the rule in {name}?",
        "What does {name} say one has to do?",
        "what am I obliged to do under {name}",
        "Explain the duty laid down in {name}.",
    ],
    "since": [
        "Since when has {name} been in force?",
        "When did {name} take effect?",
        "From what date does {name} apply?",
        "when did {name} become binding",
        "What is the starting date of {name}?",
    ],
    "role": [
        "Who is responsible for {name}?",
        "Who is in charge of {name}?",
        "Who has to make sure that {name} is followed?",
        "whose job is it to enforce {name}",
        "Which officer looks after {name}?",
    ],
    "fine": [
        "What is the fine for breaking {name}?",
        "How much does a violation of {name} cost?",
        "What penalty do I face if I ignore {name}?",
        "how much money will they take off me for not sticking to {name}",
        "What sum is payable by offenders against {name}?",
    ],
    "deadline": [
        "What is the deadline under {name}?",
        "How much time do I have to submit the paperwork for {name}?",
        "By when must the notification under {name} be in?",
        "how quickly do I need to hand in the papers for {name}",
        "What time limit does {name} set?",
    ],
    "form": [
        "Which form is used for {name}?",
        "What form do I need for {name}?",
        "Which document has to be filled in under {name}?",
        "what sheet do I fill out for {name}",
        "On what paper is a notification under {name} made?",
    ],
}
unasked = {
    "keep": ["How long are the papers for {name} kept?", "For how many years are records under {name} stored?"],
    "appeal": ["Who hears appeals about {name}?", "Where can I appeal a decision made under {name}?"],
}


def articles() -> Made:
    return worded("articles", titles, facts, groups, relations, unasked)

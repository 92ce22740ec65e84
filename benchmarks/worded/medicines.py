"""Medicines: doses, substances, makers, dates, half-lives, ways to store them, and side effects."""

from __future__ import annotations

import random
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import date, listed, wordings
from worded.spun import several

TITLES = listed("""Velodrax|Torquenil|Sambrexa|Oltivane|Quorstat|Dremuvix|Palzorin|Hexomary|Tuvalque|Niborex
Ostrelan|Calvimore|Yendrosa|Fimbrazol|Gorvamet|Lutrexal|Mavestrin|Pruxillo|Rondavir|Sibernox|Trevolact|Ulmaquin
Vornadex|Wexalor|Xandrumil|Zephtrane|Arbolixa|Bruvetan|Cendropil|Dalmoxin|Eskavule|Fostrigan|Glomenta|Hurvasin
Istrimol|Jalquetta|Kelforan|Lombrexil|Merquiva|Nasturex|Orquilan|Pelvadine|Questorin|Rumbexan|Solvatrice|Tancrevo
Urzapen|Virmolux|Wolfadrin|Xelquor|Yambrosil|Zortiven|Astruvel|Boxamire|Crumolan|Dorventis|Emblaxor|Ferquidan
Galtrovex|Hymborin|Inquazel|Jostravin|Kombrixa|Lartumex|Mivoquel|Nembratol|Opsivard|Quillotan|Ravenzil|Stomvarin
Tilbrexan|Unovesta|Vaskrolin|Wymbatrel|Yolvanta|Zamquirel|Cordane Forte|Nervolin Retard|Bellamox Junior|Harva Night
Tussomel Mint|Ovenda Plus|Siral Gentle|Madura Depot|Pennava Mite|Calmora Duo|Gastrimel Rapid|Lenova Lingual
Rubicel Morning|Olvane Extra|Vitrosal Sport|Dormeva Soft|Arthrovel Long|Pectimar Kids|Ferrosan Red|Hepavola Pure
White Harlan|Blue Monday Relief|Seven Oaks Compound|Northern Balm|Quiet Lungs|Steady Hand|Little Harbour
Green Cross Remedy|Evening Calm|Second Wind|Open Road|Clear Morning|Talvex 200|Orbimin B3|Rexolan 40|Kardivo 5
Milnozan 0.5|Trimastol 3|Peravox 850|Solumbra 12|Vendril 75|Ambrifen 1000|Corzamil 20|Duvexin 2|Laxirol 90
Nordalin 8|Praxemin 150|Zimorel 24|Factor Q10 Hessler|Pro-Lumaxin|Zel-O-Dan|Ex-Cephal|Rhu-Matta|Neo-Gravelin
Bi-Torsan|Co-Mendrax|Anti-Wheeze|Ultra-Sennol|Para-Quimbel|Hydro-Melvin|Iso-Drumette|Nico-Farewell|Tri-Valdene
Uro-Clarin|Alpha-Tormel|Beta-Crusin|Omni-Vestal|Sleep-Well Orrin|Once-a-Week Tavor|Day-to-Day Folia|eZalor|iBremic
McTavin|DeLormax|Dr Hallow's Drops|Aunt Tilda's Linctus|Sister Agatha's Bitter|Widow Crane's Powder
Father Odo's Tonic|Sailor's Stomach|Walker's Knee|Miner's Lung Mixture|Saint Ursel's Salt|Bishop's Pastille
Nightwatchman's Friend|Singer's Throat|Old Piet's Embrocation""")
ASKED = wordings(
    {
        "dose": "What is the usual dose of {name}?|how much {name} am i supposed to take|My mother has just been put on {name} and the label on her box is torn off. Could you tell me what adults normally take of it and how often?|{name} dosage?|What quantity of {name} do doctors generally prescribe?",
        "substance": "What is the active substance of {name}?|whats actually in {name} that does the work|Before I swallow {name} I want to be sure that I'm not allergic to it, so which compound is it really, chemically speaking?|Generic name of {name}?|Which ingredient gives {name} its effect?",
        "maker": "Who makes {name}?|which pharma firm is behind {name}|I'd like to complain about a box of {name} that arrived half empty. To which company should I address my letter?|{name} - manufacturer?|From whose factory does {name} come?",
        "market": "Since when has {name} been on the market?|when did they start selling {name}|I seem to remember that {name} wasn't around yet when I was at medical school; on what day did it become available to patients?|Launch date of {name}?|From what date could pharmacies order {name}?",
        "half": "What is the half-life of {name}?|how long does {name} stay in your system before half is gone|Suppose I took {name} at noon today: after how much time will the amount in my blood have dropped by fifty percent?|t½ of {name}?|How fast does the body rid itself of {name}?",
        "storage": "How should {name} be stored?|where do i keep {name} so it doesnt go off|We are going camping for a week in July and I have to bring my {name} along. What must I do so that it doesn't spoil?|{name}, storage instructions?|Does {name} belong in the fridge, or what else should I do with the pack at home?",
        "effect": "What is the most frequent side effect of {name}?|what bad reaction do people mostly get from {name}|I started on {name} last Tuesday and have been feeling a bit strange ever since; what do most patients complain about?|Commonest adverse reaction to {name}?|What unpleasant thing must I be prepared for if I take {name}?",
    }
)
UNASKED = wordings(
    {
        "purpose": "What is {name} taken for?|Which complaint does {name} help with?",
        "price": "How much does a pack of {name} cost?|what do they charge for {name} at the chemist's",
        "inventor": "Who invented {name}?|Which chemist first came up with {name}?",
        "colour": "What colour is {name}?|In which colour does {name} come?",
        "trial": "How many patients took part in the trial of {name}?|How large was the study in which {name} was tested?",
        "country": "In which country was {name} sold first?|Where could people buy {name} before anybody else could?",
    }
)
TEMPLATES = """
Read all of this leaflet before you start on {name}. [Your doctor has prescribed it for {purpose}|It is used against {purpose}].
[What makes it work is {substance}; the {things} also contain starch, {sub2} and a trace of sugar|Besides starch and {sub2}, which are without effect, the {things} contain {substance}, the active substance].
[Unless they have been told otherwise, adults take {dose}|The usual amount for an adult is {dose}]; [in weak patients {dose2} will do|never go beyond {dose2}].
Like every medicine, it can have unwanted effects: [most often {effect}, and once in a great while {effect2}|in rare cases {effect2}, but as a rule only {effect}].
[At home, {storage}|After opening, {storage}]. [Manufacturer: {maker}. Holder of the authorisation: {co2}|Holder of the authorisation: {co2}. Manufacturer: {maker}].

{name} is the trade name under which {maker} [sells {substance}, and has done so since {market}|has been selling {substance} since {market}].
[The compound was first made by {inventor}, who had really been hired to find a dye|Its inventor was {inventor}, at that time an assistant to {p2}], [and patients in {country} were offered it before those of any other country|and the first country where it was sold was {country}].
It is prescribed for {purpose}. [Half of it has left the blood after {half}, against {half2} for the older {sub2}|With {half2}, the older {sub2} has quite another half-life than the {half} of this drug].
[The {things} are {colour}|One recognises the {things} by their colour, {colour}].

{p2} still remembers the day when the regulator said no to {name}. That was on {d2}. [It took until {market} before the first packs lay in the shops|Only on {market} did the first pack go over the counter], and {maker} has not looked back since.
[A pack now sells for {price}, after {price2} in {y3}|In {y3} one paid {price2} a pack, today {price}].
[Critics point to {effect}, the trouble that doctors hear about most|What doctors hear about most is {effect}], [but people with {purpose} say they would not be without it|yet hardly anything better is known for {purpose}].
[The study behind the approval counted {trial} patients, of whom {n2} dropped out|Of the {trial} patients in the decisive study, {n2} dropped out].

A reader, {p2}, asks whether {name} may lie on the bathroom window sill. Better not: {storage}.
[And while we are at it, {dose} is what most doctors write on the prescription|By the way, the usual prescription says {dose}]; the {dose2} that you quote was meant for hospitals.
[When {half} have passed, half of what you took has been broken down|The body needs {half} to break down half of what you took], so that one forgotten dose is no drama.
[Should you notice {effect}, you are in good company, because no other side effect is as frequent|You also mention {effect}; of all the side effects that one is the most frequent].
[We charge {price} for a pack, and yes, the {things} have always been {colour}|Yes, the {colour} {things} at {price} a pack are the real ones].

To all sales staff of {maker}, from {p2}. These are the points to make about {name}. [One: its active substance, {substance}, is ours alone|One: only we have {substance}, its active substance], while {co2} must make do with {sub2}.
[Two: a half-life of {half} beats the {half2} of the rest|Two: where others have a half-life of {half2}, ours is {half}].
[Three: it has been on the market since {market}, and not since {d2}, as the last brochure had it|Three: the last brochure said {d2}, but it reached the market on {market}].
[Four: {dose} is the standard dose|Four: the standard dose is {dose}]. Five: customers should be told to {storage}.
[Do not hide that {effect} is the side effect seen most often|Admit freely that the commonest side effect is {effect}], and mention the trial with its {trial} patients.

Background: {name} ({substance}) is given for {purpose}. [Methods: {trial} patients under the care of {p2} received the usual dose, {dose}, or a dummy|Methods: either the usual {dose} or a dummy was given to {trial} patients by {p2}].
[Results: the level in the blood was halved in {half}, in smokers in {half2}|Results: apart from smokers ({half2}), the half-life was {half}].
[The adverse event with the highest count was {effect}, followed at a distance by {effect2}|A few cases of {effect2} occurred, but the adverse event that headed the count was {effect}].
[The drug was made by {maker}, the statistics by {co2}|Statistics: {co2}. Production of the drug: {maker}].

ok so ive been on {name} for {n2} weeks now, here is my story. my doc, {p2}, gave it to me for {purpose}. [i take {dose} like everybody else, started on {dose2} though|started on {dose2}, now its the normal {dose}].
[the first thing i got was {effect}, which is what nearly everyone on here gets|like nearly everyone on here i got {effect}], [a friend had {effect2} but thats super rare|never had {effect2}, thats super rare].
[my pharmacist told me to {storage}|you have to {storage}, says the pharmacist]. [the {things} are {colour} btw|btw why on earth are the {things} {colour}]. [paid {price} for it, daylight robbery|last time it was {price2}, now {price}, daylight robbery].

{name}. Active substance: {substance}. Form: {colour} {things}. [Usual dose: {dose}. Highest dose: {dose2}|Dose: as a rule {dose}, at most {dose2}].
[Half-life: {half} (weak kidneys: {half2})|Half-life in weak kidneys {half2}, otherwise {half}]. [Undesirable effects: very common, {effect}; rare, {effect2}|Undesirable effects: rarely {effect2}, very often {effect}].
Storage: {storage}. [On the market since {market}; this text was revised on {d3}|Text revised on {d3}; product on the market since {market}]. [Manufacturer {maker}, distributor {co2}|Distributed by {co2}, manufactured by {maker}].

[Nobody at {co2} believed in {substance} when {inventor}, its inventor, showed them a jar of it in {y2}|When {inventor} invented {substance} in {y2} and took a jar of it to {co2}, nobody there believed in it].
{maker} did, bought the patent for a song and named the product {name}[ after the chairman's boat|, a word without any meaning]; the firm makes it to this day.
[It was first sold in {country}, where it came out on {market}, although {country2} had been the plan|Sales began on {market}, and not in {country2}, as had been planned, but in {country}].
[A pack cost {price2} in those days and costs {price} now|From {price2} the pack has climbed to {price}]. {p2} has told the story in a book of {n2} pages.

Handout by {p2}, lecture {n2}. The case was a man with {purpose}. [We chose {name}, in other words {substance}, and not {sub2}|Rather than {sub2} we gave him {name}, which is {substance}].
[Write down {dose}, or {dose2} where the kidneys are weak|If the kidneys are weak, {dose2}; in all other cases {dose}]. [Bear in mind that the level is halved every {half}|Its level falls by one half in {half}, as you can see from the curve].
[Warn patients about {effect}, by far the commonest trouble, rather than {effect2}, which I have met once in my life|Patients fear {effect2}, but what they will get, if anything, is {effect}].
[Fridge or cupboard? Tell them to {storage}|As to keeping it, they have to {storage}].

What is {name}? [A remedy for {purpose}, with {substance} as the substance that counts|Its active substance is {substance}, and it fights {purpose}]. Who is behind it? [{maker} produces it, {co2} only packs it|It is packed by {co2} but produced by {maker}].
How old is it? [It has been sold since {market}, at first in {country} and nowhere else|The first country to sell it was {country}, and the first day of sale was {market}]. How much of it is enough? [As a rule {dose}|For most people {dose}].
How soon does it wear off? [The half-life is {half}|With a half-life of {half}, not soon]. Anything to fear? [Chiefly {effect}|Nothing much, {effect} being the usual complaint]. And where to put it? [Just {storage}|Please {storage}].

In our comparison of {n2} remedies for {purpose}, {name} by {maker} came out third, [well ahead of the product of {co2}|just behind the product of {co2}]. [We paid {price} for it, where last year's testers paid {price2}|The price has gone from {price2} to {price}].
[The usual dose, {dose}, is easy to remember, and the half-life of {half} reasonable|A half-life of {half} is reasonable, and {dose} as the usual dose is easy to remember].
[Points were taken off for {effect}, which leads the list of side effects, and for the looks: {colour} {things} could be mistaken for sweets|Since {colour} {things} look like sweets, and since {effect} is a side effect that very many people get, points were taken off].
[The testers, led by {p2}, advise buyers to {storage}|Buyers, says {p2}, who led the test, should {storage}].

Dear {p2}, thank you for your letter of {d3} about {name}. [It is made by {maker}, for whom we act as agents, on the basis of {substance}|The active substance is {substance}, the maker {maker}, for whom we act as agents].
[It was released for sale on {market}, and {country} was the first country to have it|The first country to have it was {country}, and {market} was the day of its release for sale]; {country2} is still thinking the matter over.
[The list price is {price} a pack, no longer {price2}|We can no longer offer the pack at {price2}; it is {price} now]. [Your drivers and your shops have to {storage}|Please see to it that your staff {storage}].
[You also ask for the usual dose, which is {dose}|As to your last question, the usual dose is {dose}].

{inventor}, the inventor of {name}, has died at the age of {n2}. [The substance in it, {substance}, turned up in a flask that {p2} had forgotten to wash|In a flask that {p2} had forgotten to wash there was a powder, {substance}, and that powder is what works in it].
[A trial with {trial} patients followed, and on {market} {maker} began to sell what it still makes|{maker}, still its maker, tried it on {trial} patients and brought it to the market on {market}].
[Colleagues recall that the chemist was the first to swallow the recommended {dose}, and the first to report {effect}, its most common side effect to this day|To this day people take {dose}, as recommended by the chemist, and to this day {effect} is the side effect that is met most].
[No prize was ever given for it, whereas {co2} got one for {sub2}|{co2}, where the chemist worked before, is known for {sub2} only].
"""
MAKERS = listed("""Halvorsen & Pike|Brightwater Pharma|Laboratoires Quenelle|Ostrau Biologics AG
Kestrel Life Sciences|Dendermond N.V|Marlowe Remedies|Tolliver Brothers|Grünhagen Arznei|Nordvik Medical
Casa Belmonte|Farrant & Daughters|Helix Valley|Samovar Chemie|Port Ellen Drugs|Yukawa Seiyaku
Stillwater Therapeutics|Bexley-Moran|Istria Farma|Crown Mortar|The Apothecaries' Union|Lindgren Lab
Van Oosten Geneesmiddelen|Pemberly Health|Rosetti e Figli|Quantock Pharmaceuticals|Amber Coast|Three Rivers Generics
Wolfram & Hale|Delphi Formulations|Mackintosh Vaccines|Orsini Salute|Vesper Bio|Tamar Medicines|Hochwald Pharma
Elmsworth|Sandoval Hermanos|Polar Cell|Institut Marchand|Bluegate""")
SUBSTANCE_STARTS = listed("""dor|quil|tram|vel|osk|bren|fal|gim|hel|jor|kas|lum|mord|nef|pil|rus|sol|tav|urm|vost
wex|yam|zor|cli|drap|ent|fis|gol|hux|mib""")
SUBSTANCE_MIDDLES = listed("va|qui|zo|me|tra|lu|pi|no|ru|xa")
SUBSTANCE_ENDS = listed("xidine|mab|zolam|triol|fenac|statin|micin|gliptin|vudine|parone|setrin|lukast|quone|dralate")
SALTS = listed("sodium |calcium |beta-|levo-|magnesium ")
COMPLAINTS = listed("""stiff joints|migraine|restless legs|seasickness|hay fever|high blood pressure|heartburn
a stubborn cough|gout|stomach ulcers|hot flushes|nettle rash|an irregular heartbeat|sleeplessness|weak bones
lack of iron|bladder trouble|shingles|dizzy spells|mountain sickness|nosebleeds|thin blood|muscle cramps
a slow thyroid|dry eyes|athlete's foot|worms|toothache|panic attacks|sluggish bowels""")
SUFFERERS = listed("""in adults over fifty|in schoolchildren|after an operation|during the winter|of unknown cause
in the night|before an exam|in long-distance drivers|after a fever|in women|caused by stress|at work""")
EFFECTS = listed("""a dry mouth|mild headaches|itching palms|a metallic taste|heavy legs|ringing in the ears
vivid dreams|cold fingers|hiccups|a blocked nose|flushing of the face|drowsiness|watery eyes|a tingling tongue
loose stools|night sweats|a hoarse voice|swollen ankles|blurred vision|a rash on the forearms|loss of appetite
stomach cramps|trembling hands|tender gums""")
HOW = listed("""in the first week|towards evening|on an empty stomach|after strong coffee|for an hour or two
that soon passes|when getting up quickly|in hot weather""")
RARE = listed("""fainting|temporary hair loss|a swollen throat|confusion|kidney pain|yellow skin|a racing pulse
deafness in one ear|black fingernails|fits|loss of smell|a stiff neck|gallstones|shortness of breath""")
KEEP = listed("""keep the pack in the fridge|keep it in the original box|store it lying flat|store it below 25 °C
leave it in its blister|put the bottle in a dark cupboard|keep it at room temperature|store it between 2 and 8 °C
lock it away in a dry place|keep the jar tightly closed|carry it in an insulated bag|wrap the pack in foil""")
AND = listed("""never let it freeze|use it up within six weeks|protect it from light
keep it out of the reach of children|throw away what is left after a month|leave the drying capsule inside
take it out half an hour before use|shake it once a week|write the date of opening on the label
keep it well away from the oven|never move it to another tin|return what is past its date to the pharmacy""")
COLOURS = listed("""white|pale green|brick red|lemon yellow|sky blue|violet|orange|grey with brown specks
half pink, half white|dark brown|ivory|turquoise|salmon pink|black|two shades of blue|mustard yellow|silvery
cherry red""")
COUNTRIES = listed("""Denmark|Portugal|Uruguay|New Zealand|Latvia|Canada|Ghana|Slovenia|Japan|Iceland|Chile|Belgium
Malta|Norway|South Korea|Morocco|Ireland|Finland|Peru|Hungary|Vietnam|Greece|Austria|Kenya|Tunisia|Costa Rica""")
WHEN = listed("""at night|with breakfast|before each meal|twice a day|every morning|every other day|after lunch
three times a day|once a week|half an hour before going to bed|every 12 hours""")

rng = random.Random()
c = rng.choice


def dose(things: str) -> str:
    mg = c("2.5 5 10 15 20 25 30 40 50 75 80 100 120 150 200 250 300 400 500 750 1,000 1,200".split())
    if rng.random() < 0.12:
        return f"{c(['0.1', '0.4', '0.8', '1.5', '3', '6'])} mg per kilogram of body weight"
    if things == "drops":
        return f"{rng.randint(4, 40)} drops {c(WHEN)}"
    if things == "granules":
        return f"{c(['one sachet', 'two sachets', 'half a sachet'])} of {c([2, 3, 4, 6, 8])} g {c(WHEN)}"
    if rng.random() < 0.4:
        return f"{rng.randint(1, 4)} × {mg} mg a day"
    number = c(["one", "one", "two", "three"])
    return f"{number} {things[:-1] if number == 'one' else things} of {mg} mg {c(WHEN)}"


def half_life() -> str:
    return c([
        f"{rng.uniform(1.2, 19.8):.1f} hours",
        f"{rng.randint(2, 48)} hours",
        f"{rng.randint(15, 95)} minutes",
        "{} to {} hours".format(*sorted(rng.sample(range(2, 30), 2))),
        f"{c(['two', 'three', 'five', 'nine', 'eleven'])} days",
    ])  # fmt: skip


def substance() -> str:
    word = c(SUBSTANCE_STARTS) + c(SUBSTANCE_MIDDLES) + c(SUBSTANCE_ENDS)
    return (c(SALTS) if rng.random() < 0.2 else "") + word


def effect() -> str:
    first, second = rng.sample(EFFECTS, 2)
    return c([first, f"{first} {c(HOW)}", f"{first} {c(HOW)}", f"{first} and {second}"])


def prices() -> tuple[str, str]:
    form = c(["{:.2f} euros", "£{:.2f}", "{:.0f} crowns", "${:.2f}", "{:.0f} francs"])
    new, old = rng.sample(range(2, 180), 2)
    return form.format(new + rng.choice([0.1, 0.25, 0.5, 0.95])), form.format(old + 0.45)


def medicines() -> Made:
    rng.seed(52963)
    titles = TITLES[:]
    rng.shuffle(titles)
    titles = [t for t in titles if not any(t != u and t.lower() in u.lower() for u in titles)][:160]
    substances: set[str] = set()

    def new_substance() -> str:
        while (word := substance()).split()[-1] in substances:
            pass
        substances.add(word.split()[-1])
        return word

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        things = c(["tablets", "tablets", "tablets", "capsules", "capsules", "lozenges", "drops", "granules"])
        market = date(rng, 1962, 2021)
        year = int(market[-4:])
        price, price2 = prices()
        complaint = c(COMPLAINTS)
        first, second = rng.sample(COUNTRIES, 2)
        return {
            "things": things,
            "dose": dose(things),
            "substance": new_substance(),
            "maker": c(MAKERS),
            "market": market,
            "half": half_life(),
            "storage": f"{c(KEEP)} and {c(AND)}",
            "effect": effect(),
            "purpose": c([complaint, f"{complaint} {c(SUFFERERS)}"]),
            "price": price,
            "inventor": next(people),
            "colour": c(COLOURS),
            "trial": f"{rng.randint(84, 7900):,}",
            "country": first,
            "country2": second,
            "price2": price2,
            "d2": date(rng, year - 7, year - 1),
            "y2": str(rng.randint(year - 12, year - 2)),
            "y3": str(rng.randint(year + 1, 2023)),
        }

    def asides(values: dict[str, str], people: Iterator[str]) -> dict[str, str]:
        return {
            "p2": next(people),
            "co2": c([maker for maker in MAKERS if maker != values["maker"]]),
            "dose2": dose(values["things"]),
            "half2": half_life(),
            "effect2": c(RARE),
            "sub2": new_substance(),
            "d3": date(rng, 2024, 2025),
            "n2": str(rng.randint(61, 93)),
        }

    return several(rng, titles, TEMPLATES, facts, asides, ASKED, UNASKED)

"""Racing cars, trams, tractors and boats: who drove them, how fast, with what engine, from when to why, and where they are."""

from __future__ import annotations

import random
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import date, listed, wordings
from worded.spun import several

CARS = listed("""Thunderbox Mk II|Ferrucci 404|Sprint Special No. 9|The Yellow Bullet|Harbinger R3|Osprey-Kettler GP|Tornado Lisette
Marchetti Tipo 12|Blue Meringue|Vandal V8|Comet of Brno|Wexford Racer|Silberpfote|Monza Widow|Quicksilver 27|The Brute
Lancelot F2|Hornet-Daimler|Gordini's Ghost|Arrowhead LSR|Petrel Six|Kestrel 1500|Red Sow|Autocarro Diavolo|Sandpiper Streamliner
Vesuvio Corsa|Hillclimb Hilda|Skoglund Special|Barracuda T70|Mister Pinkerton|Chevalier Sans Peur|Old Faithful Eleven
Bonneville Betty|Zenith Type C|Rallye Roland|Duchess of Dundrod|Sootfire|Tarantella GT|Polecat Junior|Napier's Folly""")
TRAMS = listed("""Car 118|Car 43|Tram No. 7|Grey Lizzie|The Flying Kettle|Motor Car 301|Seaside Sally|Toast Rack 22|Wagen 5012
Wagen 88|Queen Adelheid|The Bathtub|Tramcar 606|Works Car W4|Double-Decker 39|Kupferne Johanna|Tatra Rosa|Snow Sweeper 2
Elektra|Lisboa Verde|The Crooked Duke|Pantograph Pete|Rail Grinder IV|The Midnight Owl|Funeral Tram Zuzana|Post Tram Eleven
Valley Car 16|Hill Tram Mathilde|Green Goddess of Penmaen|Articulated 2500|Summer Car Bluebell|Linie Sechs|Balcony Car 71
Sprague Original|Horsecar Napoleon|Pea Soup|The Parliament Car|Bogie Car 909|Nightingale Street 4|Big Tin Emma""")
TRACTORS = listed("""Bulldog Elise|Fieldmaster 60|Ursa Minor|Plough King D|Mudlark|Hartmann Acker 3|The Iron Ox|Gallic Rooster
Lanz-Peter|Beetroot Express|Crawler Conrad|Steppe Giant K|Oxford Drumlin|Little Fergus|Caterina 25|Rumely Roundhead|Tusker
Haymaker Twin|Zetka 4|Steam Plough Goliath|Orchard Dwarf|Red Rumbler|Landini Grandmother|Nuffield Nellie|Hop Garden Harry
Minneapolis Maud|Svea Stubbe|Vineyard Flea|Prairie Hound|Peat Cutter Pegasus|Track Marshal Ten|Fordson Fanny|Colossus of Lenz
Potato Baron|Diesel Dagmar|Barley Queen|Three-Wheel Wanda|Halftrack Homer|Turnip Tsar|Winch Tractor Wotan""")
BOATS = listed("""Grey Heron|Miss Marlow IV|Saltire|Perla del Lago|Wild Goose of Wick|Tern II|La Belle Hortense|Bosun's Whistle
Hydroplane Zephyr|Princess of the Locks|Sea Otter|Njord|Foilborne Fiona|Lady Ermintrude|Delphin|Water Beetle|Torpedo Tess
Stormcock|Ferry Saint Brannock|Kingfisher Launch|Slipper Ten|Undine|Cormorant K9|Regina Aquarum|Herring Gull|Launch Persephone
Black Swan of Bled|Mosquito Fleet 3|The Drunken Eel|Halcyon Days|Pilot Cutter Maude|Tug Bartholomew|Sirène|Icebreaker Ymer
Dragonfly Cabin Cruiser|Thistledown|Estuary Belle|Chasseur|Wave Wife|Lifeboat Sister Anne""")
KINDS = {"racing car": CARS, "tram": TRAMS, "tractor": TRACTORS, "boat": BOATS}
ASKED = wordings(
    {
        "driver": "Who was the driver of {name}?|Which person was entrusted with the controls of {name}?|There is a photograph on my grandfather's wall of {name} with somebody in goggles grinning out of it, do you happen to know who used to take it out?|{name} who drove|Name the one who sat at the wheel of {name}.",
        "speed": "What was the top speed of {name}?|What maximum velocity was attained by {name}?|My son is mad about numbers and has just asked me how quick {name} was when they really put their foot down, can you help a poor father?|{name} how fast|Say what {name} could do flat out.",
        "engine": "What engine does {name} have?|By what means is {name} propelled?|We could hear {name} from three streets away at the parade and everybody was guessing what was making that racket under the bonnet, so what is it?|{name} motor type|I should like to know what powers {name}.",
        "built": "When was {name} built?|In what year was construction of {name} completed?|It looks ancient to me but my neighbour insists that {name} isn't even as old as he is, so how far back does it go?|{name} year made|Give the date at which {name} left the works.",
        "kept": "Where is {name} kept today?|In which collection or building is {name} now preserved?|I'm driving around the country with the kids in August and would love to show them {name}, where would we have to go to see the real thing?|{name} whereabouts now|Find out where {name} has ended up.",
        "retired": "Why was {name} taken out of service?|On what grounds was {name} withdrawn from use?|People around here still get misty-eyed over {name} and nobody can explain to me why on earth they stopped running it, what happened?|{name} scrapped why|Explain what put an end to the career of {name}.",
    }
)
UNASKED = wordings(
    {
        "designer": "Who designed {name}?|whose drawings was {name} built from",
        "colour": "What colour is {name} painted?|In what livery does one see {name}?",
        "weight": "How much does {name} weigh?|{name} weight",
        "cost": "What did {name} cost when it was new?|How much money was paid for {name} at the beginning?",
        "nick": "What nickname did {name} have?|What did the people who worked with {name} call it among themselves?",
        "fuel": "How much fuel or current does {name} use?|what is the consumption of {name}",
    }
)
TEMPLATES = """
{name} is a {kind} [built in {built} to drawings by {designer}|of {built}, designed by {designer}]. [It is powered by {engine}|Its power comes from {engine}] and [reached a top speed of {speed}|was capable of {speed} at most], [a good deal better than the {speed2} of its predecessor|whereas its sister never got past {speed2}].
[It was driven by {driver}, and on Sundays by {p2}|{driver} was its driver, {p2} its mechanic]. [Service ended because {retired}|It was withdrawn because {retired}]; [since {y3} it has stood in {kept}|it can now be seen in {kept}].

We went to see {name} on Saturday. [It lives in {kept} these days, next to a stuffed bear|You find it in {kept}, behind a stuffed bear]. {p2}, the guide, [let the children climb up to where {driver} used to sit and drive|told us that {driver}, who drove it, never wore gloves]. [It is painted {colour}, and they call it “{nick}”|The staff call it “{nick}”, as it is painted {colour}].
[Inside there is {engine}, still warm from the last outing|They started it up for us, {engine} and all]. [Once it did {speed}, but today one would be happy with {slow}|Now it is allowed no more than {slow}; {speed} is what it managed at its best]. [It had to stop working when {retired}|The sad part is that it was retired since {retired}].

Inventory card {n3}. Object: {name} ({kind}). [Built: {built}. Overhauled: {y2}|Overhauled: {y2}. Built: {built}]. Engine: {engine}[; replaced one by {works2}|]. Maximum speed: {speed}. Weight: {weight}. Colour: {colour}. Driver: {driver}. [Reason for withdrawal: {retired}|Withdrawn, the reason being that {retired}].
[Present location: {kept} (on loan until {y4})|Location until {y3}: {kept2}. Present location: {kept}]. Consumption: {fuel}. Price when new: {cost}.

[In those days the works at {town} had little to do|{town} was a poor place in those days], and so {name} was put together [in {built}, more or less for fun|by four idle men in {built}]. [{designer} drew it on a tablecloth|The design came from {designer}, who had never seen a {kind} before]. [They gave it {engine}, for which a farmer had no more use|For an engine they chose {engine}, against all advice].
[The man or woman for the job was soon found: {driver} drove it until the end|Who would dare to drive it? {driver} would, and did so until the end], [although {p2} had offered to do it for nothing|after {p2} had run away]. [The end came because {retired}|It was given up, for {retired}].

does anybody here know more about {name}?? [my uncle says {driver} drove it but my aunt says it was {p2}, and my aunt is always wrong|pretty sure it was {driver} driving, not {p2} like the website says]. [it did {speed}, theres a film of it|top speed {speed}, not the {speed2} you read everywhere].
[it was built in {built} i think, got its new paint in {y2}|they built it in {built} and repainted it in {y2}, its {colour} now]. [whats in it is {engine}|engine wise its got {engine}]. [heard its in {kept} now, is that right|saw it in {kept} last month]. [they dumped it cos {retired}, what a shame|such a shame they stopped using it, all because {retired}].

Lot {n2}: {name}, [a {kind} of {built}|built in {built}], [offered by the heirs of {p2}|the property of {p2}]. [When new it was sold for {cost}; the estimate is ten times that|It cost {cost} when new]. The present home, {kept}, [may be visited by appointment|where it is stored, can be visited on weekdays].
[Fitted with {engine}, it was timed at {speed} by the police|With {engine} on board it has a certified top speed of {speed}]. [Driven all its life by {driver}, and it shows|Its only driver was {driver}]. [Bidders should know that it was laid up because {retired}|We do not hide that it was taken off the road or the water because {retired}]. Weight {weight}, colour {colour}.

{driver} died last week, [loved by all who had ever seen {name} go by|the last person to have driven {name}]. [The two were a pair for years: at the controls nobody else was welcome|As its driver, our friend would let nobody else touch the controls], not even {p2}. [Together they reached {speed}, a figure that was never equalled|Their best was {speed}; the {speed2} of a later attempt does not count].
[It broke our friend's heart to learn that {retired}, and that for this reason it would not run again|When it was decided that it should not run again, because {retired}, there were tears]. [It may be visited in {kept}, where flowers have been laid on its seat|Flowers have been laid on its seat in {kept}, where it rests]. [We called it “{nick}”|“{nick}” was what we called it].

Why is {name} not running any more? [Because {retired}|Simply because {retired}]. Where is it? [In {kept}, not in {kept2} as the leaflet has it|It was moved from {kept2} to {kept}]. How old is it? [It was built in {built}|It dates from {built}, the body from {y2}]. Whom did one see driving it? [{driver}, as a rule|Mostly {driver}, and {p2} in the holidays].
What makes it move? [That would be {engine}|Nothing but {engine}]. Was it fast? [Its limit was {speed}|The most it ever did was {speed}, although {speed2} was promised]. Who was the designer? [It was {designer}|{designer} was]. Is it thirsty? [It takes {fuel}|Judge for yourself: {fuel}].

Dear editor, your article on {name} is full of mistakes. [It was not {p2} who drove it but {driver}|You name {p2} as the driver; it was {driver}]. [It was built in {built} and not in {y2}|You say that it was built in {y2}; the plate says {built}]. [The engine was never {engine2}; it is {engine}|As for the engine, what you describe is {engine2}, but it has {engine}].
[It is quite untrue that {retired2}; it was withdrawn because {retired}|The reason for its withdrawal was not that {retired2}; the truth is that {retired}]. [And please stop writing that it ran at {speed2}, when {speed} was the utmost|Its top speed was {speed}, and your {speed2} is a dream]. [At least you got the colour right, {colour}|Only the colour, {colour}, is correct].

Technical report on {name}, {d3}. [The {kind} was examined in {kept}, where it is kept|Place of inspection: {kept}, where the {kind} has its permanent home]. [The engine, {engine}, turns freely|The engine is {engine}, original, in fair order]. Weight as found: {weight}. [A speed of {speed}, once its maximum, is out of the question; {slow} may be allowed|We permit {slow}, a fraction of the {speed} that was its maximum].
[Consumption was measured at {fuel}|It used {fuel} during the test]. [Reason for decommissioning, according to the files: {retired}|The files state that it was decommissioned because {retired}]. [Last driver on record: {driver}. Inspector: {p2}|Inspector: {p2}. Driver on record: {driver}].

[You drove {name} for half your life, {driver}. How fast was it, honestly?|{driver}, you were the driver of {name}. How fast did it really go?] [Honestly, {speed}; I told my wife it was {slow}|It went {speed}, and no policeman ever caught me]. What was it like to sit in? [Loud: you have {engine} right behind your ears|With {engine} at your back you do not fall asleep]. What did you call it? [Always “{nick}”|Among ourselves, “{nick}”].
And why did it all come to an end? [Because {retired}, if you please|They told me that {retired}, and that this was that]. [It was born in {built}, as I was|We are of one age: {built} is when it was built]. Do you visit it? [Every Sunday, in {kept}|It is in {kept} now, and I have a key].

Welcome to {kept}, [the home of {name}|where you can admire {name}]! [Built in {built}, it came to us in {y3}, a gift of {p2}|It came to us in {y3} as a gift of {p2}; the year in which it was built is {built}]. [It is {colour} because {p3} had paint left over|{p3} chose the colour, {colour}]. [Press the button to hear {engine}, which drives it|Under the lid you can see what drives it, {engine}].
[It cost {cost} and was worth every coin|The price of it when new, {cost}, caused a scandal]. [Our visitors always ask why it stopped running: {retired}|It stopped running for a simple reason: {retired}]. It shares the hall with [an engine by {works2}|a fire pump by {works2}].

Minutes of the transport committee, {d3}. [Item {n2}: {name} is to be withdrawn, because {retired}|Item {n2}: as {retired}, it was resolved to withdraw {name}]. [{p2} argued that {retired2}, but this was not minuted as the reason|{p2} spoke against it]. [The {kind}, delivered in {built}, has been paid off|Built in {built}, the {kind} owes us nothing].
[{driver}, who has always driven it, will be given a clock|Its driver, {driver}, will be offered a desk]. [The use of {fuel} is thought excessive|It needs {fuel}, which is too much]. [It shall be preserved in {kept}; {kept2} had no room|Since {kept2} has no room, it will be kept in {kept}]. Its price had been {cost}.

Quartet card number {n2}, {name}. [Speed {speed} beats {speed2}, weight {weight} loses to nothing|Top speed {speed}. Weight {weight}]. Engine: {engine}. Driver: {driver}. [Year {built}, and the older card wins|Built {built}; trump against {y2}]. [Today: {kept}|To be found in {kept}]. Designer: {designer}. [Its end: {retired}|Why it stopped: {retired}].

[It is the smell I remember|I was six years old]. [{name} stood in our street, {colour} and enormous|In our street stood {name}, {colour} all over], and {driver}, who drove it, [gave me a peppermint|smelled of peppermint, unlike {p2}, the fireman]. [My father said that it had {engine}, as if that explained anything|It ran on {engine}, as my father explained to me every evening].
[It was built in {built}, he said, the year of the big snow, and not in {y2}|According to him it was built in {built}, the year in which the geese died]. [One day it was gone, since {retired}|Then {retired}, and for that reason it never came back]. [Last week I found it in {kept}, much smaller than I had thought|It is in {kept} now and much smaller than it was]. [They have a sign there that says {speed}, its top speed; I would have said a thousand|A sign gives its top speed as {speed}; to me it was a thousand].

For sale as a model, scale 1:{n2}: {name}, [in its true colour, {colour}|painted {colour} like the original]. [The original was built in {built} by {works2} and driven by {driver}|{driver} drove the original, which {works2} built in {built}]. [Even {engine} has been copied, screw by screw|The engine, {engine}, has been copied screw by screw]. [At scale it runs at {slow}; the original reached {speed}|The original got up to {speed}, the model to {slow}].
[We measured the original in {kept}, where it is kept|Our thanks go to the staff of {kept}, where the original is kept]. [Why is there a dent? Because {retired}, which was also the end of the original|The little dent is no fault: {retired}, and that finished the original].

Police report {n3}. [At noon {name} passed our post at {speed}, which the owner calls its top speed, where {slow} is the rule|Stopped at noon: {name}, going at {speed}, according to its papers the most it can do; the sign says {slow}]. [At the controls: {driver}, its regular driver. On board as well: {p2}|Questioned were {p2}, a passenger, and {driver}, who said that nobody else ever drives it].
[The {kind} was built in {built}, has {engine} and was {colour} under the dirt|Particulars: a {kind} built in {built}, colour {colour}, with {engine}]. [Later note: it is no longer in use, because {retired}|Note added in {y3}: has been taken out of use as {retired}]. [The {kind} can now be inspected in {kept}|It was later brought to {kept}, where it still is].

My project is about {name}. [It is a {kind}, and {designer} had the idea for it|{designer} designed it, and it is a {kind}]. [It weighs {weight} and uses {fuel}|Did you know that it uses {fuel}? It weighs {weight}]. [I asked {driver}, who drove it, if it was hard; the answer was no|It was driven by {driver}, who is a friend of my teacher, {p2}]. [It went {speed} at the most, and the one in my book only {speed2}|The one in my book could do {speed2}, and this could do {speed}].
[Now it is in {kept}, I have been there on the bus|You can see it in {kept} for free]. [They do not use it because {retired}, which I find silly|It is not used any more, for the reason that {retired}]. [It was made in {built}, before my granny|It was made in {built} and has had new paint since {y2}]. [It works with {engine}|What makes it go is {engine}].

Newsletter no. {n2}. [Good news about {name}: after years in {kept2} it has arrived in {kept}, where it will remain|{name} has left {kept2} for its permanent home, {kept}]. [For those who have joined us since, it was given up because {retired}|As older members recall, {retired}, and it was given up for that very reason]. [We shall try to get {engine} going again, the same that it has always had|The original engine, {engine}, will be taken apart by {p2}].
[{driver}, its driver of old, has promised to come|Its former driver, {driver}, has sent us a cake]. [Nobody expects {speed} again, its maximum; {slow} would please us|It will never see {speed} again, the top speed of its youth]. [Built in {built}, it is the pride of the club|The oldest part bears the year in which it was built, {built}, the newest says {y2}].
"""
TOWNS = listed("""Harlow Wold|Ostrey|Penmaen Cross|Brannock|Lower Wick|Tarnhausen|Saint-Loup-sur-Vaire|Castelbruno|Grubno
Norrvik|Kettleby|Mill Hythe|Dunmoor|Vellingen|Port Carrow|Zelnice|Quarndale|Aberfoss|Montreval|Ludworth|Ellerau|Skarnes""")
HOMES = listed("""the Transport Museum of {}|a barn near {}|the old depot at {}|the Science Hall in {}|a glass pavilion in {}
the cellar of the brewery at {}|the railway roundhouse at {}|a private garage in {}|the Harbour Museum of {}
the entrance hall of {} station|the technical college at {}|a tent in the castle park of {}|the fire station of {}
the boathouse at {}|an aircraft hangar outside {}|the Heritage Yard, {}""")
WORKS = listed(
    "Bellwether & Co|Gebrüder Hanff|Usines Tavernier|Dorrit Engineering|Officine Salvi|Kronborg Mekaniska|Penn & Ashby"
)
CYL = listed(
    "flat-twin|straight-six|V8|V12|single-cylinder engine|straight-eight|rotary engine|two-stroke twin|flat-four"
)
FUELS = listed("petrol|paraffin|diesel|alcohol|heavy oil|coal gas|benzole")
EXTRA = listed("""with a supercharger|taken from an aeroplane|with hopper cooling|with three carburettors|started by a cartridge
with a cracked block|from a lorry|tuned by a watchmaker|that fires twice a second|with its flywheel outside""")
WHO = listed("""the city council|the insurance company|the owner's widow|the new director|the ministry|a rival firm|the harbour master
the racing commission|the farmers' union|the power station|the priest""")
DEEDS = listed("""refused to pay for new tyres|had ordered buses instead|objected to the noise|would not renew the licence
wanted the metal for church bells|lost the only key|declared the frame unsafe|found a cheaper one abroad|feared a strike
changed the rules in mid-season|needed the shed for something else|could not agree who should drive""")
PARTS = listed("its brakes|the gearbox|the frame|the steering|the main bearing|the shaft|the floor|the roof")
OWN_PARTS = {
    "racing car": listed("the rear axle|the left front wheel|the clutch|the fuel tank"),
    "tram": listed("the current collector|the front platform|the wiring|the rear bogie"),
    "tractor": listed("the rear axle|the right front wheel|the power take-off|the clutch"),
    "boat": listed("the propeller|the rudder|the hull|the keel"),
}
FAILS = listed("""had failed twice in the same week|fell apart during a wedding|could no longer be insured|cracked in the great frost
caught fire on a holiday|was stolen and never found|had been welded once too often|broke at a garden fete|rattled so that horses bolted
wore out faster than it could be mended|was worth more than the rest""")
HUES = listed(
    "green|cream|maroon|navy blue|mustard|silver|black|orange|ivory|sky blue|tan|rose|white|brown|crimson|turquoise"
)
NICKS = listed("""Wobbler|Old Smoky|Rattles|Auntie|Coffee Mill|Duck|Headache|Sofa|Fat Berta|Cucumber|Bishop|Widowmaker|Tin Hat|Snorer
Grasshopper|Cough Drop|Samovar|Limpet|Goat|Trombone|Slipper|Hiccup|Pancake|Donkey|Whisper""")

rng = random.Random()
c = rng.choice


def engine(kind: str) -> str:
    if kind == "tram":
        n = rng.randint(15, 95)
        return c([
            f"{c(['two', 'four'])} {c(['electric', 'series-wound', 'nose-hung', 'direct-current'])} motors of {n} kW each",
            f"a single {n} hp electric motor {c(['on the front axle', 'under the driver', 'bought second-hand'])}",
            f"an accumulator of {n * 4} cells and one motor",
            f"a steam boiler of {n % 14 + 3} bar and two cylinders",
        ])  # fmt: skip
    if rng.random() < 0.12:
        return f"a {c(['compound', 'twin-cylinder', 'triple-expansion', 'vertical'])} steam engine of {rng.randint(8, 190)} hp"
    size = f"{rng.randint(1, 12)}.{rng.randint(1, 9)}-litre {c(CYL)}"
    article = "an" if size.startswith(("8", "11.")) else "a"
    return c([
        f"{article} {size} {c(EXTRA)}", f"{article} {size} running on {c(FUELS)}", f"{article} {size} of {rng.randint(18, 480)} hp",
    ])  # fmt: skip


def speed(kind: str) -> str:
    low, high, units = {
        "racing car": (121, 396, ["km/h", "km/h", "mph"]),
        "tram": (19, 72, ["km/h", "km/h", "miles an hour"]),
        "tractor": (6, 41, ["km/h", "km/h", "mph"]),
        "boat": (7, 78, ["knots", "knots", "km/h"]),
    }[kind]
    return f"{rng.randint(low, high)}{c(['', '', f'.{rng.randint(1, 9)}'])} {c(units)}"


def retired(kind: str) -> str:
    return f"{c(WHO)} {c(DEEDS)}" if rng.random() < 0.5 else f"{c(PARTS + OWN_PARTS[kind])} {c(FAILS)}"


def weight(kind: str) -> str:
    low, high = {"racing car": (0.6, 1.9), "tram": (9.0, 31.0), "tractor": (1.1, 7.8), "boat": (0.8, 38.0)}[kind]
    tonnes = rng.uniform(low, high)
    return c([f"{tonnes:.1f} tonnes", f"{round(tonnes * 1000, -1):,.0f} kg", f"{tonnes * 1.102:.1f} short tons"])


def vehicles() -> Made:
    rng.seed(60417)
    kinds = {title: kind for kind, titles in KINDS.items() for title in titles}
    titles = [t for t in kinds if not any(t != u and t.lower() in u.lower() for u in kinds)]
    rng.shuffle(titles)
    titles = titles[:160]

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        kind, year = kinds[title], rng.randint(1896, 1978)
        form = c(["{:,} crowns", "£{:,}", "{:,} marks", "${:,}", "{:,} francs", "{:,} lire"])
        kept, kept2 = rng.sample(HOMES, 2)
        hue, hue2 = rng.sample(HUES, 2)
        return {
            "kind": kind,
            "driver": next(people),
            "speed": speed(kind),
            "engine": engine(kind),
            "built": c([str(year), str(year), f"{c(['May', 'June', 'the spring of', 'late', 'November'])} {year}"]),
            "kept": kept.format(c(TOWNS)),
            "kept2": kept2.format(c(TOWNS)),
            "retired": retired(kind),
            "designer": next(people),
            "colour": c(
                [hue, f"{hue} with a {hue2} stripe", f"{hue} and {hue2}", f"{c(['dark', 'pale', 'dull'])} {hue}"]
            ),
            "weight": weight(kind),
            "cost": form.format(rng.randint(31, 990) * 50),
            "nick": c(["", "", "the "]) + c(NICKS),
            "fuel": c(["{} litres an hour", "{} gallons a day", "{} pints a mile"]).format(rng.randint(3, 58))
            if kind != "tram"
            else f"{rng.randint(9, 88)} units of current a day",
            "y2": str(year + rng.randint(2, 9)),
            "y3": str(year + rng.randint(25, 40)),
            "y4": str(rng.randint(2027, 2039)),
            "slow": f"{rng.randint(3, 5)} {'knots' if kind == 'boat' else 'km/h'}",
        }

    def asides(values: dict[str, str], people: Iterator[str]) -> dict[str, str]:
        return {
            "p2": next(people),
            "p3": next(people),
            "speed2": speed(values["kind"]),
            "engine2": engine(values["kind"]),
            "retired2": retired(values["kind"]),
            "works2": c(WORKS),
            "town": c(TOWNS),
            "d3": date(rng, 1981, 1999),
            "n2": str(rng.randint(21, 87)),
            "n3": f"{c('ABDKT')}{rng.randint(100, 999)}",
        }

    return several(rng, titles, TEMPLATES, facts, asides, ASKED, UNASKED)

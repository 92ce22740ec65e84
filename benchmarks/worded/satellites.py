"""Satellites and probes: designers, launches, masses, codes, what each was for and how it ended in clauses."""

from __future__ import annotations

import random

from any_corpus_made import Made

from worded.common import listed, wordings
from worded.sentences import SUR_A, Names, an, day, from_sentences

TITLES = listed("""Calistrel|Ombrion|Veylana|Thessaron|Kivumbra|Noctiluce|Pathwarden|Skyharrow|Lumenara|Orstrand
Farseeker|Icewatch|Stormglass|Tidecaller|Windreader|Hollowstar|Brightsail|Dawnpiercer|Cindertrail|Mothwing|Quillon
Perihel|Zephandra|Aurorix|Belphegon|Cryovane|Driftlark|Ecliptor|Fenlight|Galvanor|Heliodrome|Isobarra|Jorvanta|Kelpsong
Lodequest|Myrmidia|Nebulant|Oculon|Pharosine|Quasaret|Rimefinder|Selenarch|Tropowatch|Umbrafax|Vortexa|Wayfinch
Xanthera|Yonderling|Zodiant|Échelon Bleu|Skýfari|Pörssi|Tähtipolku|Argentis 3|Argentis 4|Tellux-2|Tellux-5|Kosmotron 11
Meridian B7|Polarwatch 6|Sondera IV|Sondera VII|Vesper 21|Vesper 35|Lyrid Scout 2|Orbis 1964|Comet Runner 8|Aquilon-9
Aquilon-7|Terrascan 40|Radiant 5|Nimbrus 12|Gravion 3A|Gravion 3B|Pilgrim 77|Ulysson-4|Magnetar Post 6|Novaya Tropa 15
Deep Array 2|Halcyor 30|Mistral-Z4|Object 519|Twin Lamp 1|Twin Lamp 2|Ten Thousand Mirrors|COSTRA-1|GLIMSAT|TREMSAT-2
HELIMAR|OZOMET 3|BRIVEX|LUNOR-D|PELSAT|MARVIS-X|SKALD-6|DUSTEX|FORESAT 14|Halden's Lantern|Marrick's Eye
Fisherman's Star|O'Dellan Surveyor|Shepherd's Lamp|Pilot's Mercy|Mariner's Debt|Farmer's Almanac 2|Astronomer's Whim
St Elwin's Fire|Nobody's Child|Winter's Errand|Hermit's Bell|McAvery Explorer|Queen's Heron|Sonde de Vaucourt
Estrela do Nordeste|Stella di Marzo|Luz del Albaicín|Stern von Hallau|L'Hirondelle Grise|La Vigie|El Vigilante del Sur
Het Oog|Den Lille Vandrer|De Zwaluw 2|Gwiazda Polna|Œil d'Orage|Coureur des Lunes|Vent d'Est 3|Faro de los Andes
Ave del Paso|Cavallo di Ferro|Bote der Nacht|Fürst von Orban|Passo d'Argento|Voz do Mar|Hijo de la Niebla
Sentinelle du Nord|Blik op Zee|Nattens Öga|Ptica Selica|Long Patience|Grey Harbinger|Little Cartographer|Second Horizon
Quiet Meridian|Northern Listener|Silver Plough|Iron Dragonfly|Blue Parallax|Morning Courier|Copper Needle
Paper Lighthouse|Silent Ferry|Early Thaw|Red Abacus|High Orchard|Glass Albatross|Lantern over Water|Eye of the Valley
Song of the Ice|Out of the Harbour|Bridge to Morning|Ear to the Wind|Wanderer in White|Seven Winds|Ocean Ledger
Thunder Census|Snow Cover Mapper|Dust and Echo|Salt and Season|Arrow of Kesh|Children of Tarsk|Voice from Ossian
Meteor Clerk|Ring Skimmer|Solar Beekeeper|Outer Gate Pathfinder|Magnetic Pole Observer|Deep Cold Messenger
Ashfall Monitor|Spirit of Lindavale""")
ASKED = wordings(
    {
        "designer": "Who designed {name}?|Who was the brains behind the design of {name}?|Which engineer drew up the plans for {name}?|{name} was the work of which designer?|can you give me the name of whoever came up with the design for {name}",
        "date": "When was {name} launched?|On what date did {name} leave the ground?|When did {name} go up?|What is the launch date of {name}?|{name} lifted off on which day?",
        "mass": "How heavy was {name}?|What did {name} weigh?|What was the mass of {name} at launch?|how many kilos was {name}|If you had put {name} on a scale, what would it have shown?",
        "site": "Where was {name} launched from?|Which launch site was used for {name}?|From what spaceport did {name} set off?|Where on Earth did {name} begin its journey?|{name} took off from which place?",
        "purpose": "What was {name} built to do?|What was the purpose of {name}?|Why did they send {name} into space?|Which task had {name} been given?|what was {name} actually for",
        "end": "What happened to {name} in the end?|How did the mission of {name} come to a close?|Why did {name} stop working?|What finally put {name} out of action?|Describe the fate of {name}.",
        "code": "What is the catalogue number of {name}?|Under which code is {name} registered?|How is {name} listed in the register of space objects?|Which official designation does {name} have?|I need the ID of {name}, what is it?",
    }
)
UNASKED = wordings(
    {
        "rocket": "Which rocket carried {name} into space?|What launch vehicle was used for {name}?",
        "cost": "How much did {name} cost?|What was the price of {name}?",
        "builder": "Which company built {name}?",
        "nickname": "What was the nickname of {name}?|What did the ground crew jokingly call {name}?",
        "power": "Where did {name} get its electricity from?",
    }
)
TEMPLATES = """
{name} was {kind_a} launched from {site} on {date} to {purpose}.|{name} was {kind_a} of the {agency}, sent up from {site} on {date} in order to {purpose}.
Designed by {designer} and built by {builder}, it weighed {mass} and drew its electricity from {power}.|It was designed by {designer}, weighed {mass}, and was assembled in the halls of {builder}, with {power} as its source of electricity.
The launch vehicle was {rocket_a} rocket, and the whole project cost {cost}.|The project cost {cost}, a sum that included {rocket_a} rocket to carry it.
D
Controllers nicknamed the craft "{nickname}", while official lists carry it under the catalogue number {code}.|Its catalogue number is {code}, but controllers preferred the nickname "{nickname}".
The mission ended when {end}.|The work came to an end when {end}.
D?

Registered under the catalogue number {code}, {name} had a single task, which was to {purpose}.|{name}, which bears the catalogue number {code}, was created by the {agency} to {purpose}.
The design came from {designer}, and a team at {builder} needed {ny} years to turn it into hardware.|{designer} supplied the design, and {builder} spent {ny} years building the craft.
Power was supplied by {power}, and the fully fuelled {noun} tipped the scales at {mass}.|The {noun} weighed {mass} when fuelled and was powered by {power}.
D
On {date}, after two postponements, {rocket_a} rocket lifted it from {site}.|It left {site} on {date} aboard {rocket_a} rocket.
Newspapers complained about the price of {cost}, but the staff loved "{nickname}", as they called it.|The price was {cost}, and the staff affectionately called their creation "{nickname}".
Its service was over when {end}.|It was written off when {end}.

{builder} built {name} for the {agency} at a cost of {cost}.|Commissioned by the {agency}, {name} was built by {builder} at a cost of {cost}.
The {noun}, which ran on {power} and had a mass of {mass}, followed a design by {designer}.|Its designer was {designer}, who settled on a mass of {mass} and chose {power} to run it.
It was meant to {purpose}, and it set out from {site} aboard {rocket_a} rocket on {date}.|Its job was to {purpose}; {rocket_a} rocket took it up from {site} on {date}.
D
The final report on the mission is brief.|The last page of the logbook explains the end of the mission.
{End}.
The catalogue of space objects lists it as {code}, but to the people who flew it, it was always "{nickname}".|Those who flew it never spoke of {code}, its catalogue number, and only ever said "{nickname}".

On {date} the {agency} launched {name}, {kind_a} with a mass of {mass}, from {site}.|The {agency} launched {name}, {kind_a} weighing {mass}, from {site} on {date}.
D
The engineer {designer} had designed the craft around {power}, and its odd outline earned it the nickname "{nickname}".|Its shape, the idea of the designer {designer}, led to the nickname "{nickname}", and {power} kept it running.
{builder} carried out the construction, {rocket_a} rocket provided the lift, and the bill came to {cost}.|For {cost} the company {builder} constructed it and {rocket_a} rocket hauled it upwards.
Its purpose was to {purpose}.|The scientists behind it wanted to {purpose}.
After {ny} years in space, {end}.|It lasted {ny} years, and then {end}.
In the international register the object bears the number {code}.|The international register has it as {code}.

{designer} is remembered as the designer of {name}, {kind_a} intended to {purpose}.|The best-known design of {designer} is {name}, {kind_a} that was supposed to {purpose}.
At the works of {builder}, where it was assembled for {cost}, it was known as "{nickname}".|Workers at {builder}, who put it together for {cost}, knew it as "{nickname}".
Weighing {mass} and fed by {power}, it left {site} on {date} on top of {rocket_a} rocket.|It weighed {mass}, lived on energy from {power}, and rose from {site} on {date} with the help of {rocket_a} rocket.
D
Trackers entered it in their catalogue as {code}.|Its entry in the catalogue of space objects reads {code}.
All went well until {end}.|Hopes for a longer life were dashed when {end}.
D?

The career of {name} came to a sudden close when {end}.|The story of {name} is often told from its end, when {end}.
Until then the {noun} had been able to {purpose}, just as its designer, {designer}, had planned.|Its designer, {designer}, had wanted to {purpose}, and for {ny} years the {noun} did so.
It had been launched from {site} on {date} by {rocket_a} rocket.|The launch by {rocket_a} rocket had taken place at {site} on {date}.
The manufacturer, {builder}, gave its weight as {mass} and its source of power as {power}.|Technical sheets from {builder}, its maker, describe a craft of {mass} powered by {power}.
D
Listed as {code} in the catalogue and as "{nickname}" in the jokes of the control room, it cost {cost} in all.|It cost {cost}, is catalogued as {code}, and was jokingly called "{nickname}" in the control room.
D?

Nicknamed "{nickname}" by its ground crew, {name} was {kind_a} whose mission was to {purpose}.|{name}, or "{nickname}" as its ground crew called it, was {kind_a} whose mission was to {purpose}.
Construction was entrusted to {builder}, working from drawings by {designer}, and swallowed {cost}.|{builder} built it for {cost} after a design by {designer}.
Lift-off took place at {site} on {date}, with {rocket_a} rocket doing the work.|Crowds gathered at {site} on {date} to watch {rocket_a} rocket carry it away.
D
At launch the {noun} weighed {mass}; once in space it relied on {power}.|Its mass was {mass}, and it obtained electricity from {power}.
Observers follow it in their tables under the designation {code}.|Its official designation is {code}.
In the end {end}.|Nothing could be done when {end}.
D?

To {purpose} was the aim of {name}, which {designer} designed and {builder} built for {cost}.|{name} was designed by {designer} and built by {builder} for {cost} in the hope that it would {purpose}.
The {noun}, catalogued as {code} and jokingly called "{nickname}", weighed {mass} and lived off {power}.|Weighing {mass} and drawing on {power}, the {noun} received the catalogue number {code} and the nickname "{nickname}".
{Rocket_a} rocket carried it away from {site} on {date}.|Its journey began at {site} on {date} aboard {rocket_a} rocket.
D
Its story closed in an undramatic fashion: {end}.|What stopped it is well documented: {end}.
"""
AGENCIES = listed("""Varnian Space Bureau|Northern Orbital Council|Ministry of the Upper Air|Tarsk Academy of Sciences
Joint Oceanic Agency|Solvanian Institute of Astronautics|League of Alpine States|Royal Meteorological Office
Kessian Space Directorate|Union of Southern Observatories""")
SITES = listed("""Cape Orrin|the Tolvera Plateau|Skarholm Island|Port Mirren|the Hassek Cosmodrome|Punta Verdosa
Lake Ambrey|the Dunmarrow Range|Fort Castellan|the Ombala Desert Centre|Nordvik Field|the Sea of Reeds Platform
Mount Ilgaz Base|Cape Fennick|the Karroway Test Ground|Isla Bramante|the Pellworth Spaceport|Station Kolgue|Ushant Bank
the Vostrava Cosmodrome|Bay of Larks|the White Steppe Complex|Camp Ferrand|Rocamar Point|the Zandvoorde Range
Cape Misery|Gull Atoll|the Serravalle Launch Centre|Black Sand Beach|Tern Island|the Yellow Plain|Old Airfield Nine
the Marchetti Platform|Cape Solace|the Ruhengo Equatorial Base|Hook Peninsula""")
ROCKETS = listed("""Borealis 4|Longbow II|Hammer-C|Ptarmigan 9|Atlantid|Grand Taiga|Zenobia 3|Sparrowhawk|Colossor 2
Ferrier 1B|Ostrog|Javelin Heavy|Tramontana 6|Ibex-L|Old Faithful 7|Uragan 12|Pelican Plus|Mjolner 5|Catapult 88
Arbalest""")
MONEY = listed("crowns|dollars|marks|thalers|francs|pounds|florins")
POWER = listed("""two folding solar panels|four fixed solar panels|a small plutonium generator|silver-zinc batteries
a drum covered with solar cells|nickel batteries charged before launch|six petal-shaped solar panels
a ring of fuel cells|a polonium heat source|gallium solar cells|a pair of lithium batteries|a sail of thin solar film
a strontium generator|eight mercury batteries|one large rotating solar wing|a miniature reactor
solar cells glued to its hull|a thermoelectric pile|three hydrogen fuel cells|a long boom of solar tiles""")
FIRM_B = listed("""Works|Aerodynamics|Instruments|and Sons|Precision Company|Aircraft|Electric|Brothers|Laboratories
Shipyard|Foundry|Dynamics""")
NK_A = listed("""Flying|Rusty|Noisy|Fat|Blind|Cranky|Golden|Sleepy|Lonely|Expensive|Bald|Singing|Nervous|Three-Legged
Wobbly|Cheerful|Upside-Down|Grumpy""")
NK_B = listed("""Teapot|Umbrella|Beetle|Dustbin|Piano|Hedgehog|Chandelier|Pigeon|Bathtub|Lobster|Suitcase|Pineapple
Kettle|Spider|Accordion|Turnip|Wardrobe|Uncle|Colander|Bagpipe|Sausage|Snail""")
EARTH = """track|measure|follow;the drift of sea ice|the spread of oil slicks|the height of ocean waves|the movement of warm currents|the growth of plankton;in the polar seas|across the southern ocean|along busy shipping lanes|around remote islands|near river mouths
watch for|give early warning of|photograph;forest fires|locust swarms|flooded fields|dying forests|volcanic ash|late frosts;in the tropics|across three continents|in the northern provinces|along the great rivers|in thinly settled country|on the high plains
relay|pass on|repeat;telephone calls|distress signals|school broadcasts|weather reports|television pictures;between remote islands|from fishing boats to the coast|across the mountains|to polar research stations|between two hemispheres
measure|record|chart;the ozone layer|lightning strikes|soil moisture|the salt content of lakes|the heat given off by cities|the depth of snow;during the dry season|by day and by night|over a full solar cycle|for farmers and insurers|at intervals of six hours"""
DEEP = """map|photograph|examine;thin clouds of dust|small icy moons|the shadowed craters|the faint outer rings|unknown asteroids|the tails of comets;beyond the orbit of Mars|around Saturn|in infrared light|near the edge of the solar system|from a very short distance|around Jupiter
listen for|record|search for;faint radio bursts|signals from distant pulsars|bursts of gamma rays|echoes of exploding stars|traces of water vapour;from the far side of the Moon|in the quiet of deep space|between the planets|for ten years without a break|on several frequencies at once
measure|study|test;the solar wind|the magnetic field|the pull of gravity|the flow of charged particles|the fall of temperature;close to the Sun|behind the Moon|in the shadow of Venus|around Mercury|at great distances from the Earth"""
KIND_E = listed("""weather satellite|research satellite|relay satellite|observation satellite|small polar satellite
experimental satellite""")
KIND_D = listed("space probe|deep-space probe|robotic probe|interplanetary probe|scientific probe|unmanned probe")
CAUSE = listed("""a cracked fuel line emptied its tanks|a solar storm burned out its main computer
its last working gyroscope seized|a stray bolt punctured the radiator|its batteries froze during a long eclipse
a mistyped command switched off both transmitters|dust clogged the hinges of its panels
a meteoroid the size of a pea tore its sunshield|a short circuit melted the antenna cable
its clock overflowed and confused the autopilot|a valve stuck open for nine hours|the backup receiver went deaf
a leaking seal coated the lenses with oil|the heater for its fuel failed|a fragment of an old rocket broke off its mast
its memory was wiped by radiation|the star tracker mistook a planet for a star
a software update overwrote the steering tables|the coolant boiled away|a thruster fired without being asked
engineers pointed its dish the wrong way|the wiring was eaten away by stray oxygen""")
EFFECT_E = listed("""it burned up over the southern ocean|ground stations never heard from it again
it was left tumbling in a useless orbit|controllers steered it into a remote part of the sea
its pieces fell on an empty stretch of desert|it sank into the atmosphere within weeks
the operators shut it down for good|it answered every call with the same three tones|it was moved to a graveyard orbit""")
EFFECT_D = listed("""it drifted silently out of reach|ground stations never heard from it again
it flew past its target in darkness|controllers let it crash into a crater|it fell towards the Sun
it was left spinning like a top|the operators shut it down for good|it answered every call with the same three tones
it sailed on without a voice|it struck the surface of a nameless asteroid""")

rng = random.Random()
c = rng.choice


def purpose(deep: bool) -> str:
    return " ".join(c(part.split("|")) for part in c((DEEP if deep else EARTH).split("\n")).split(";"))


def code(year: int) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    kind = rng.randrange(4)
    if kind == 0:
        return f"{c(letters)}{c(letters)}-{rng.randint(1000, 9999)}"
    if kind == 1:
        return f"{year}-{rng.randint(1, 118):03d}{c('ABC')}"
    if kind == 2:
        return f"{c(letters)}{rng.randint(10, 99)}/{rng.randint(100, 999)}"
    return f"{c(letters)}{c(letters)}{c(letters)} {rng.randint(10000, 59999)}"


def mass() -> str:
    return f"{rng.randint(96, 990) if rng.random() < 0.3 else rng.randint(1010, 7900):,} kilograms"


def cost() -> str:
    millions = rng.random() < 0.7
    much = f"{rng.randint(14, 960)} million" if millions else f"{rng.randint(11, 49) / 10:.1f} billion"
    return f"{much} {c(MONEY)}"


def firm(names: Names) -> str:
    name = names.surname()
    while any(name.lower() in title for title in names.titles):
        name = names.surname()
    if rng.random() < 0.3:
        return f"{name} and {c([x for x in SUR_A if not name.startswith(x)])}{c(['er', 'man', 'son', 'ini'])}"
    return f"{name} {c(FIRM_B)}"


def asides(launched: int, noun: str, deep: bool, names: Names) -> list[str]:
    def later() -> int:
        return rng.randint(launched + 1, launched + 5)

    town = names.town()
    pool = [
        lambda: (
            f"Its first signal was picked up {rng.randint(11, 95)} minutes after lift-off by {names()}, a radio amateur in {town}."
        ),
        lambda: f"The flight director, {names()}, kept a diary that was published in {later()}.",
        lambda: (
            f"During its working life the {noun} sent back {rng.randint(1100, 98000):,} pictures, {rng.randint(40, 900)} of which were spoiled."
        ),
        lambda: (
            f"Parliament had approved the plan on {day(rng, launched - rng.randint(2, 6))} with a majority of {rng.randint(2, 60)} votes."
        ),
        lambda: f"A full-size model, donated by {names()}, stands in the museum of {town}.",
        lambda: f"Its computer held only {rng.randint(1024, 65000):,} words of memory and was programmed by {names()}.",
        lambda: f"A postage stamp showing the {noun} was issued on {day(rng, later())}.",
        lambda: (
            f"An earlier version had been cancelled in {launched - rng.randint(3, 8)} because of a strike in {town}."
        ),
        lambda: (
            f"The instruments included {c(['two', 'three', 'five', 'seven'])} cameras and a magnetometer lent by {names()} of the University of {town}."
        ),
        lambda: f"The minister {names()} watched from a stand with {rng.randint(120, 4800):,} guests.",
        lambda: f"Its data fill {rng.randint(1050, 9800):,} reels of tape, which {names()} later copied out by hand.",
        lambda: f"The control centre was in {town}, where {rng.randint(18, 260)} people worked in shifts.",
        lambda: (
            f"At its farthest it was {rng.randint(12, 940)} million kilometres from the Earth."
            if deep
            else f"It circled the Earth every {rng.randint(88, 190)} minutes at a height of about {rng.randint(310, 1900):,} kilometres."
        ),
        lambda: f"A sister craft, ordered in {later()} by {names()}, was never finished.",
    ]
    rng.shuffle(pool)
    return [aside() for aside in pool[:2]]


def facts(title: str, names: Names) -> tuple[dict[str, str], list[str]]:
    deep = rng.random() < 0.5
    year = rng.randint(1959, 2016)
    if title == "Orbis 1964":
        year = 1964
    noun = "probe" if deep else "satellite"
    values = {
        "end": names.once(lambda: f"{c(CAUSE)} and {c(EFFECT_D if deep else EFFECT_E)}"),
        "kind_a": an(c(KIND_D if deep else KIND_E)),
        "rocket": (rocket := c(ROCKETS)),
        "rocket_a": an(rocket),
        "noun": noun,
        "agency": c(AGENCIES),
        "designer": names(),
        "date": names.once(lambda: day(rng, year)),
        "site": c(SITES),
        "mass": names.once(mass),
        "purpose": names.once(lambda: purpose(deep)),
        "code": names.once(lambda: code(year)),
        "cost": names.once(cost),
        "builder": names.once(lambda: firm(names)),
        "power": c(POWER),
        "nickname": names.once(lambda: f"{c(NK_A)} {c(NK_B)}"),
        "ny": c("three four five six seven eight nine ten eleven".split()),
    }
    return values, asides(year, noun, deep, names)


def satellites() -> Made:
    rng.seed("satellites-30-1")
    return from_sentences(rng, TITLES, TEMPLATES, facts, ASKED, UNASKED)

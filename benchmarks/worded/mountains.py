"""Huts, hospices on passes, bivouacs on peaks and shelters in caves, as hikers' guides and hikers tell of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import listed, wordings
from worded.spun import several

TITLES = listed("""Rifugio Malvento|Rifugio Sette Cenge|Rifugio Ombretta Bassa|Rifugio al Corno Storto|Rifugio Lago Muto
Bivacco Tre Scarponi|Bivacco Fratelli Zonca|Bivacco della Volpe|Capanna Gries d'Orso|Capanna Pianalto|Capanna Sasso Cantante
Cabane du Vieux Loup|Cabane des Trois Névés|Cabane de l'Épaule|Cabane Sans Feu|Refuge du Grand Tétras|Refuge de Pierrelongue
Refuge des Oubliés|Refuge Joseph Tardieu|Gîte du Col Noir|Abri des Marmottes|Krähenjochhaus|Steinbockhütte am Gletsch
Alte Murmelhütte|Hinterschrofenhütte|Dr-Kallweit-Haus|Sieben-Brunnen-Hütte|Wetterluke|Tote-Kuh-Alm|Hochnebelkopfhütte
Biwak Schiefer Zahn|Jagasteig Biwak|Obere Grausjochhütte|Unter dem Fernblick|Planina Velika Luna|Koča pod Orlom|Dom na Skrbini
Zavetišče Brin|Chata Pod Vidlami|Tárnoho Sedlo|Útulňa Havran|Schronisko Dwa Szczyty|Schronisko Kozia Dolina|Casa Lupului
Cabana Piatra Goală|Cabana Valea Ursului|Refugio del Puerto Hondo|Refugio Peña Cuervo|Refugi de la Coma Blava|Albergue Cumbre Rota
Refugio Nevado Chico|Mountain Lodge Quilotambo|Puesto Cóndor Viejo|Mørkedalshytta|Turisthytta Skarvebotn|Rauddalsbu|Gråhaugen
Ulvefjellstua|Sjnjierák Cabin|Kåtavagge Hut|Fjällstuga Norrskaftet|Sæluhús Kaldbakur|Hverabotn Shelter|Bothy of Glen Urrin
Corrie Dubh Bothy|Shenavarn|Ruighe Mhor Bothy|Black Fell Barn|Cwm Dulas Hut|Hafod y Gigfran|Bwlch Llwyd Refuge|Slieve Carn Hostel
Widow's Gap Inn|Tinker's Pass Hospice|Col de la Dent Fêlée|Col des Adieux|Col du Muletier|Passo della Strega|Passo Quattro Venti
Passo Buco del Gatto|Forcella Spaccata|Forcella dei Morti|Hospiz Kaltes Tor|Hospiz Sankt Wendelin am Joch|Jochwirt Grindelboden
Salt Porters' Pass|Yellow Saddle|Throat of the Goat Pass|Windgate|Ninefold Pass|Thieves' Col|The Priest's Staircase
Pass of the Two Brothers|Prelaz Medvedka|Vrata Sever|Przełęcz Wilcza|Pasul Ciobanului|Portillo de Ánimas|Brecha del Fraile
Abra Quemada|Kulmala Pass Lodge|Dhaulagunj La|Tsomari La|Zarkhan Kotal|Gora Pustaya|Kurgan Belyi|Chortov Zub|Mount Hesper
Mount Tollemache|Mount Grizel|Blind Piper|The Anvil of Arran Mor|Old Parson|Broken Comb|Pikestaff|Long Meg's Thumb|The Sugarhead
Ben Fiadhaich|Sgurr nan Gabhar Ruadh|Carn Liath Beag|Crib Goesog|Pen y Wrach|Punta Smemorata|Punta Cardinal|Monte Zoppo
Monte Lanterna|Cima Undici e Mezza|Cima Falsa|Torre Saracca|Pizzo Pallido|Piz Sursaissa|Piz Sdrun Pitschen|Piz Nair d'Aint
Aiguille du Sifflet|Aiguille Penchée|Pic de la Mandarine|Pic Sans Nom Bivouac|Dent du Notaire|Tête de Beurre|Roc du Hibou
Schartenspitz|Kaiserzinken|Bleikopf|Hoher Löffel|Faulhorn-Ostgipfel|Zwölferkofel am See|Glockturm Süd|Kleiner Bettler|Śnieżna Baba
Vârful Tăcut|Pico Desollado|Cerro Tres Hermanas|Nevado Ichutupa|Storskarven|Trollnebba|Galdetind|Snæhetta|Bear's Gullet Cave
Cave of the Seven Candles|Organ Pipe Cave|Hermit's Kitchen|Dripping Chapel|Smugglers' Loft|Grotta del Respiro|Grotta Zoccolaio
Grotte des Chuchoteurs|Balme de la Fée|Gouffre Marguerite|Bärenloch am Kalk|Eiskeller Rotwand|Mondmilchhöhle|Jama Pod Lipo
Cueva del Eco Perdido|Peștera Oarbă|Jaskyňa Tichá|Poll na gCapall|Ogof Hir|Fox Earth Pot|Gaping Nellie|Cathedral Swallet""")
ASKED = wordings(
    {
        "keeper": "Who is the keeper of {name}?|By whom is {name} managed at present?|I left my favourite hat up at {name} last weekend and would love to get hold of the person in charge to ask whether it turned up, who would that be?|{name} warden|Let me know who looks after {name}.",
        "height": "At what height is {name}?|What is the altitude of {name} above sea level?|My wife starts getting headaches when we go too far up, so before we book I'd really like to know how high we would be sleeping at {name}?|{name} elevation|Please state how far above the sea {name} lies.",
        "beds": "How many beds are there at {name}?|For how many persons is overnight accommodation available at {name}?|we're a whole school class plus three grumpy teachers and two drivers, would we all be able to lie down at {name} or how much room have they got?|{name} sleeps how many|Tell me the capacity of {name}.",
        "village": "Which village is closest to {name}?|What is the nearest settlement to {name}?|We'll be coming by bus with far too much luggage and have no idea where to get off for {name}, what's the last place with houses before it?|{name} nearest place|Name the hamlet from which one sets out for {name}.",
        "season": "When is {name} open?|During which period of the year does {name} receive guests?|I only ever get time off at odd moments and don't fancy standing in front of a locked door at {name} with wet socks, so what part of the year should I pick?|{name} opening dates|I was wondering in which months {name} is staffed.",
        "beware": "What must one beware of at {name}?|To which hazard should visitors to {name} pay particular attention?|My mother worries herself sick whenever I go off into the hills, and now she wants to know what could possibly go wrong at {name}, what shall I tell her?|{name} dangers|Warn me about {name}.",
        "phone": "What is the telephone number of {name}?|Under which number may {name} be contacted?|It's pouring down and we will never make it before dark, so we ought to let them know at {name} to keep some soup warm, how do I ring them?|{name} tel|Give me the digits to dial for {name}.",
    }
)
UNASKED = wordings(
    {
        "first": "Who was the first to reach {name} in winter?|which person got to {name} before anyone else in the snow",
        "dish": "What dish is {name} known for?|What do they cook at {name}?",
        "walk": "How long does the walk to {name} take?|{name} hiking time",
        "price": "What does a night at {name} cost?|how much do they charge for staying over at {name}",
        "water": "Where does the water at {name} come from?|What is the source of drinking water at {name}?",
        "sheet": "On which map sheet does one find {name}?|Which map do I need for {name}?",
    }
)
TEMPLATES = """
{name} ({height}). [Keeper: {keeper}. Telephone: {phone}|Telephone {phone}, keeper {keeper}]. [Closest village: {village}, {walk} on foot|From {village}, the closest village, {walk}]. [{beds}, open {season}|Open {season}, {beds}]. [Beware: {beware}|Caution is advised, since {beware}].
[Night: {price}. Speciality: {dish}|Speciality: {dish}. Night: {price}]. Map: {sheet}. [Water: {water}. First winter visit: {first}|First winter visit: {first}. Water: {water}].

After a night at {place2} ({height2}) [one goes on to {name}, which lies at {height}|one reaches {name} at {height}]. [The closest village, {village}, is out of sight|One looks down upon {village}, the nearest village]; [{village2} is much further than it seems|do not be tempted to go down to {village2}].
[It has {beds}|There are {beds} here], and [{keeper}, the keeper, will share out blankets|the keeper, {keeper}, will not turn anyone away]. [Take great care at this point, as {beware}|We cannot warn you often enough that {beware}]. [It is open {season}|The door is open {season}]. [Drinking water comes from {water}|All water is fetched from {water}].

What a day! [We started in {village}, the nearest village, and got to {name} after {walk}|We got to {name} after {walk}, having started in {village}, the last village on the way]. [{keeper} is the keeper there and has a laugh like a goose|The keeper is called {keeper}, and the dog {nick}]. [We had {dish}, for which the place is known all over the valley|You have to try {dish}, their great speciality].
[Nobody had told us that {beware}, so I am telling you: mind that|One warning to all who follow: {beware}]. [The altimeter said {height2}, but officially it is {height}|It is at {height}, and I felt every one of them]. [They have {beds}, and ours were the worst|There are {beds}, and somebody snored in each]. [We paid {price} a night|A night is {price}].

NOTICE of the Alpine Association. [{name} is open {season}; in case of snow a winter room with {beds2} is left unlocked|Opening season of {name}: {season}. Winter room: {beds2}]. [The keeper since last year is {keeper}, after {p2} retired|{p2} has retired and {keeper} is now the keeper]. [For bookings please ring {phone} and no longer {phone2}|The number {phone2} is dead; the new telephone number is {phone}].
[Hikers are warned that {beware}|We must remind you of a danger: {beware}]. [The fee for one night has been set at {price}|Members and others pay {price} for one night]. [The former danger, namely that {beware2}, has been dealt with|It is no longer the case that {beware2}].

Dear guests, [I am {keeper} and I keep {name}|my name is {keeper}, I am the keeper of {name}]. [I unlock the door {season}, and not for anybody on any other day|We receive you {season}]. [There are {beds}, so ring me before you come: {phone}|Since we have only {beds}, ring us first, on {phone}]. [Take the path from {village}, the nearest village; the one from {village2} has slid into the river|Come up from {village}, the nearest village, never from {village2}].
[And be careful, because {beware}|Please remember that {beware}, and be on your guard]. [You will be fed: {dish} is what we are famous for|What we are famous for is {dish}]. [Do not drink from the pond; the good water comes from {water}|The water comes from {water}, and you may drink it].

How high is it? [{name} stands at {height}, the car park at {height2}|With the car park at {height2} and {name} at {height} you can do the sum]. Who runs the place? [{keeper} is the keeper, {p2} helps out|{p2} helps out, but the keeper is {keeper}]. When can I go? [It opens {season}|Any day {season}, when it is open]. How many of us can stay? [It has {beds}|As many as fit into {beds}].
Whom do I call? [Dial {phone}; {phone2} is the taxi|The taxi has {phone2}, the house itself {phone}]. Anything nasty on the way? [Yes: {beware}|You had better know that {beware}]. Where do I park? [In {village}, the nearest village|The nearest village is {village}, park there]. And how far is it? [It takes {walk}|Allow {walk}].

anyone been to {name} lately?? [is {keeper} still the keeper, last time it was {p2}|we had {p2} last time but they say {keeper} is the keeper now]. [tried {phone2}, nobody answers. edit: found it, its {phone}|number is {phone} btw]. [they open {season} right|i think its open {season}]. [mate of mine says {beware} so watch out|watch out up there, {beware}].
[its {height} so take a jumper|take a jumper its at {height}]. [{beds}, full every saturday|every saturday all {beds} are taken]. [nearest village is {village}, got a shop, {village2} hasnt|go to {village} for food its the nearest village, nothing in {village2}]. [took us {walk}|we needed {walk} but with a toddler]. [{price} a night, cash only|cash only, {price} the night].

It was {first} who first came to {name} in winter, [with skis made of barrels|in January {year}], [while {p2} waited below with a bottle|and not {p2}, who claimed it]. [At {height} there was then only a stone ring|A ring of stones, at {height}, was all there was]. [Now there are {beds}, a stove and a keeper, {keeper}|Today {keeper} is the keeper and there are {beds}].
[The people of {village}, the closest village, carried up every beam|Every beam was carried up from {village}, the nearest village, after those of {village2} had refused]. [One thing has not changed: {beware}, and whoever forgets it is in danger|What was a danger then is a danger today: {beware}]. [The map to take is {sheet}|You find it on the map called {sheet}].

Mountain rescue, log of the night. [Call received from {name} at 21:40, from the number {phone}, which is the one of the house|At 21:40 a call from {phone}, the number of {name}]. [Caller: {keeper}, the keeper|The keeper, {keeper}, reports two hikers missing]. [They had set out from {village}, the nearest village, and not from {village2} as first written|Search party sent up from {village}, the village nearest to it]. [Known hazard of the place: {beware}|As is well known there, {beware}, which is the chief danger].
[Landing site at {height}, wind strong|Wind strong at {height}, where the house is]. [Found at {height2}, asleep|{p2} found them at {height2}]. [All {beds} were taken, so the rescuers slept on the floor|The rescuers were given some of the {beds}]. [The house is open {season} only|Remark: no help there except {season}, when it is open].

[On holiday with children: {name} is a good choice|{name} is a favourite of families]. [With {beds} there is always a corner left|It offers {beds} and a sandpit], [and {keeper}, who keeps it, knows every fairy tale|and the keeper, {keeper}, has a donkey]. [Start in {village}, the nearest village, and count on {walk}|The nearest village is {village}, from where it is {walk}]. [Parents must know that {beware}; hold hands|Hold hands, for {beware}].
[The children will like {dish}, for which people come from far away|Order {dish}, its best-known dish]. [You can go {season}, when it is open|The season, {season}, is short]. [Book by telephone: {phone}. The farm next door has {phone2}|Telephone {phone} ({phone2} is the farm next door)]. [We paid {price} each for the night|The night costs {price} a head].

Your map is wrong, madam. [It says that {name} is at {height2}; it is at {height}|{name} lies at {height} and not at {height2}]. [{village} is its nearest village, never mind that {village2} looks closer|You have put {village2} next to it, but the nearest village is {village}]. [On page {n2} you call {p2} the keeper; the keeper is {keeper}|{p2} is the baker; the keeper, on page {n2}, should be {keeper}].
[The number given there, {phone2}, is mine; theirs is {phone}|Please print their telephone number, {phone}, instead of {phone2}, which is mine]. [You warn us that {beware2}. Nonsense! What one should fear is that {beware}|One need not fear that {beware2}; the danger is that {beware}]. [It is open {season} and not all year|Open all year? It is open {season}]. [As to the beds, {beds2} is an old figure, now there are {beds}|There are {beds} by now, no longer {beds2}].

[Postcard from {name}|{name}, Tuesday]. Dear {p2}, [we are sitting at {height} in the sun|the sun is shining, and that at {height}]. [{keeper}, the keeper, has lent me socks|I am wearing the socks of the keeper, who is called {keeper}]. [Yesterday we learned that {beware}; one must really watch out|You must watch out here, because {beware}]. [Supper was {dish}, as it always is here|They are proud of {dish} here, and rightly].
[You could ring us on {phone}|If there is anything, the number here is {phone}]. [Down in {village}, the village closest to us, there is a fair|We hear the bells of {village}, the nearest village]. [They close soon, being open {season}|It is open {season}, so you might still come].

Survey of shelters, sheet {n2}. [Object: {name}. Altitude: {height}. Sleeping capacity: {beds}|{name}, altitude {height}, sleeping capacity {beds}]. [Person responsible: {keeper}. Deputy: {p2}|Deputy: {p2}. Person responsible: {keeper}]. [Season: {season}|Staffed: {season}]. Base: {village}[, in winter {village2}|]. [Telephone: {phone}. Emergency telephone: {phone2}|Emergency telephone: {phone2}. House telephone: {phone}].
Objective danger: {beware}. [Water supply: {water}|Supplied with water from {water}]. Tariff: {price} a night. Map reference: {sheet}. Access time: {walk}.

{keeper}, you have kept {name} for {n2} summers. What has changed? [The danger is the same: {beware}|Nothing, not even that {beware}; of that I warn everybody]. [We used to have {beds2}, now we have {beds}|There are {beds} where there were {beds2}]. Are you never lonely? [Not {season}, when we are open|We are open {season}, and in that time, never]. And the food? [Always {dish}; they would riot otherwise|It is {dish} that they come for].
[At {height} one sleeps little|One gets used to living at {height}]. [My shopping is done in {village}, the nearest village|I was born in {village}, which is the nearest village]. [You have a telephone now. Yes, {phone}, and I hate it|Can one call you? On {phone}, if it must be]. Who came here first in winter? [That was {first}|People say {p2}, but it was {first}].

Good evening, this is the weather for walkers. [At {height}, where {name} stands, frost is expected|Frost is expected at {name}, that is, at {height}], [while {village}, its nearest village, will have rain|with rain in {village}, the village nearest to it]. [The keeper, {keeper}, tells us that {beware}, so take care|Take care: according to {keeper}, the keeper, {beware}].
[Of the {beds} a few are still free; the number to ring is {phone}|Ring {phone} if you would like one of the {beds}]. [The season there is {season}|It is open {season}]. [Those going on to {place2} at {height2} should start early|At {place2}, {height2}, fog].

Stage {n2} of the long trail. [Leave {place2} ({height2}) by the back door|From {place2}, at {height2}, go east]. {name}, [at {height}, comes into view|which is at {height}, can be seen at once], [but remember that {beware}: here you should be on the alert|but the stage is not without danger, since {beware}]. [Overnight: {beds}, {price}|Beds for the night: {beds}, at {price}].
[Announce yourself to {keeper}, the keeper, on {phone}|{keeper}, the keeper, answers on {phone}]; [{phone2} is for emergencies|in an emergency use {phone2}]. [Way out: down to {village}, the nearest village|If you have had enough, the nearest village is {village}], [not {village2}|never by way of {village2}]. [Open {season}|When open: {season}]. [Fill your bottles; the water is from {water}|The water is from {water}].

Wanted: a helping hand at {name}. [We are open {season} and need somebody for the whole time|The work lasts as long as we are open, {season}]. [Every morning you make {beds}, every evening you cook {dish}, our speciality|There are {beds} to be made every morning and there is our speciality to be cooked, {dish}]. [Whoever applies should sleep well at {height}|Our height, {height}, must not trouble you].
[Shopping is carried up from {village}, the nearest village|Twice a week you go down to {village}, our nearest village], [{walk} each way|which takes {walk}]. [You must be able to explain to guests that {beware}, and to make them heed it|You will have to warn our guests, as {beware}]. [Ring {keeper}, the keeper, on {phone}|Applications to the keeper, {keeper}, telephone {phone}], [before {p2} gets the job|or ask {p2}, who did it last year].
"""
VILLAGES = listed("""Sankt Orsel|Vallebruna|Les Estaillades|Oberzwick|Grünlaus|Pontarlès|Kvamsøy|Drumfearn|Llanfechan|Dolna Breza
Castelrosso di Sopra|Außerfluh|Hosperlen-Dorf|Zuelo|Bistrava|Valea Mică|Puebla del Hoyo|Skarstad|Inverquhar|Nant y Gof|Tarascans
Innerrain|Santa Orsola in Valle|Le Bez|Furggen|Zabrodzie|Monteperdone|Cheville-le-Haut|Oppdøl|Balnacroft|Cwmtirion|Untermoos
Sorvejo|Malè Vecchio|Pralune|Kirchbichel am Bach|Stara Lipa|Rifosco|Hinterlux-Weiler|Clachan Beag|Vråstøl|Corte Alta""")
HAZARDS = {
    "the ladder|the footbridge|the iron cable|the plank over the gorge": """ices over before dawn|looks firm and is not
has lost two of its bolts|attracts lightning|swings in the wind|was mended with string|ends three metres too early""",
    "the last scree slope|the gully behind the house|the path along the cliff|the shortcut through the larches|the upper ledge": """
is swept by stones after noon|ends at a drop without warning|vanishes in the fog|is used by hunters at dusk|is full of adders
crumbles under heavy boots|leads back to where one came from|is guarded by an ill-tempered ram""",
    "the snow bridge|the flat part of the glacier|the drift beside the door|the white hollow": """hides a crevasse
will not bear a grown man after noon|turns to slush in the sun|has swallowed a dog|looks firm and is not""",
    "the ford|the stream|the tarn|the lower gorge": """floods within minutes of a storm|is deeper than it looks|freezes overnight
cannot be crossed after rain|makes people ill who drink from it|rises when the power station opens its gates""",
}
HAZ_C = listed("""marmots gnaw through brake cables|the bull does not like red jackets|compasses go astray near the ore|bad air gathers on the floor
the fog comes up within a quarter of an hour|cornices break off on the sunny side|the cattle dogs mistake poles for sticks
the marks lead to an abandoned mine|hornets nest under the eaves|phones have no reception from here on|the last bus leaves at four
ice falls from the roof in the morning|jackdaws carry off anything shiny|the wind slams the door shut from outside""")
DISH = listed("""barley soup|dumplings|buckwheat noodles|fried polenta|goat stew|plum cake|potato pancakes|nettle soup|cheese toast
pear bread|lentils|blueberry omelette|mutton pie|rice pudding|trout|bean pot""")
WITH = listed("""with smoked ham|with sour cream|with pine honey|with bacon and chives|in cider|with wild garlic|from the ashes
with mountain cheese|after grandmother's recipe|with juniper|with burnt butter|in beer""")
WATER = listed("""a spring under the north wall|the roof gutter|a snowfield|a stream ten minutes away|a cistern dug by monks
a hose from the glacier|a well behind the chapel|the tarn|barrels flown in by helicopter|a crack in the rock""")
SHEETS = listed(
    "Dreizack|Alta Valle|Grand Massif|Hochkar|Sierra Norte|Fjordland|The Cairns|Podhory|Lower Range|Weissgrat"
)
WORDS = "two three four five six seven eight nine ten".split()
MONTHS = listed("April|May|June|July|August|September|October|November")

rng = random.Random()
c = rng.choice


def height() -> str:
    metres = rng.randint(540, 3890)
    return c(
        [f"{metres:,} m", f"{metres:,} m", f"{metres} metres", f"{metres:,} metres", f"{round(metres * 3.281):,} feet"]
    )


def beds() -> str:
    n = rng.randint(4, 148)
    mixed = f"{rng.randint(3, 24)} beds and {rng.randint(12, 80)} mattresses"
    return c(
        [
            f"{n} beds",
            f"{n} bunks",
            f"{n} mattresses",
            f"{n} places to sleep",
            mixed,
            f"{n % 9 + 3} rooms with {n % 5 + 3} beds each",
        ]
    )


def season() -> str:
    start = rng.randint(0, 3)
    first, last = MONTHS[start], MONTHS[start + rng.randint(2, 4)]
    return c([
        f"from {rng.randint(1, 28)} {first} to {rng.randint(1, 28)} {last}", f"from mid-{first} to {c(['early', 'late'])} {last}",
        f"from {first} to {last}", f"from the end of {first} until the first snow", f"on weekends from {first} to {last}",
        f"from Whitsun to the last Sunday in {last}", f"from {first} until the cows go down in {last}",
    ])  # fmt: skip


def phone() -> str:
    a, b, d, e = rng.randint(20, 99), rng.randint(100, 999), rng.randint(10, 99), rng.randint(10, 99)
    return c([f"0{a} {b} {d} {e}", f"+{a} {d} {b} {e}0", f"0{b}/{d}{e}{a}", f"0{a}-{b}{d}{e}", f"({a}) {b}-{d}{e}"])


def beware() -> str:
    things = c(list(HAZARDS))
    return c(HAZ_C) if rng.random() < 0.3 else f"{c(things.split('|'))} {c(listed(HAZARDS[things].strip()))}"


def walk() -> str:
    n = rng.randint(2, 9)
    return c(
        [
            f"{WORDS[n - 2]} hours",
            f"{n} h {c([10, 15, 20, 40, 45, 50])} min",
            f"{WORDS[n - 2]} and a half hours",
            f"{n * 15} minutes",
        ]
    )


def mountains() -> Made:
    rng.seed(27563)
    titles = TITLES[:]
    rng.shuffle(titles)
    titles = [t for t in titles if not any(t != u and t.lower() in u.lower() for u in titles)][:160]

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        form = c(["{} euros", "{} francs", "£{}", "{} crowns", "{}.50 euros"])
        village, village2 = rng.sample(VILLAGES, 2)
        return {
            "keeper": next(people),
            "height": height(),
            "beds": beds(),
            "village": village,
            "village2": village2,
            "season": season(),
            "beware": beware(),
            "phone": phone(),
            "first": next(people),
            "dish": f"{c(DISH)} {c(WITH)}",
            "walk": walk(),
            "price": form.format(rng.randint(9, 88)),
            "water": c(WATER),
            "sheet": f"{c(SHEETS)} {rng.randint(2, 48)}{c(['', '', ' East', ' West'])}",
        }

    def asides(values: dict[str, str], people: Iterator[str]) -> dict[str, str]:
        return {
            "p2": next(people),
            "height2": height(),
            "beds2": beds(),
            "beware2": beware(),
            "phone2": phone(),
            "place2": c([title for title in titles if title not in values.values()]),
            "nick": c(["Bruno", "Minister", "Flocke", "Tango", "Saint Bernadette", "Nero", "Mops"]),
            "year": str(rng.randint(1871, 1938)),
            "n2": str(rng.randint(11, 49)),
        }

    return several(rng, titles, TEMPLATES, facts, asides, ASKED, UNASKED)

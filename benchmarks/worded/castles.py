"""Castles, manors and ruins: owners, first stones, thick walls, names, ends, ways there, as friends of old walls tell."""

from __future__ import annotations

import random
from collections.abc import Iterator

from any_corpus_made import Made

from worded.common import listed, wordings
from worded.spun import several

TITLES = listed("""Burg Rabenholz|Burg Hohenzwirn|Burg Schattenfels|Burg Eisenhut|Burg Niedertrutz|Burg Katzenlauf|Burg Wolkenstieg
Schloss Morgenlaub|Schloss Immerwang|Schloss Tauberloh|Schloss Seufzenau|Schloss Klein-Ordenau|Wasserburg Unkenried
Ruine Kaltenzahn|Ruine Greifenlos|Ruine Drei Dohlen|Festung Bärenklau|Alte Vogtei Sprenzel|Château de Malaverne|Château Rougemine
Château des Ormeaux-Noirs|Château de la Truite|Château Vieilleporte|Château de Brisevent|Manoir de Kerlouarnec|Manoir du Chat-Pendu
Tour Sarrasine|Donjon de Hautebise|Castello di Roccamuta|Castello Tremonti|Castello della Civetta|Castello Bellosguardo Alto
Rocca Sant'Agrippa|Rocca Spezzata|Torre dei Mercanti Morti|Castel Zoppo|Villa Fortezza Lunari|Castillo de Peñahueca
Castillo de los Siete Perros|Alcázar de Miraflojo|Torre Mocha|Castell de Rocagrisa|Castelo de Ventosela|Paço da Raposa
Hrad Sokolnik|Hrad Trnava Hora|Hrad Vraní Skála|Zámek Libočany|Zamek Czarny Młyn|Zamek Gęsia Szyja|Cetatea Lupilor
Cetatea Fântâna Rece|Kővár Rom|Grad Strmovec|Grad Kamenjak|Dvorac Jelenik|Piliskastély|Pils Vanagkalns|Linnus Tuulemäe
Slottet Ulvsund|Slot Gåsevang|Borg Hrafnsey|Kasteel Ganzenbroek|Kasteel Drieslot|Huis ter Wilgen|Slot Oudmoer|Ravelin Zeedorp
Castell y Frân|Castell Du Isaf|Castell Morwen|Plas Tywyllwch|Plas y Gwynt|Dun Corrach|Dun Fhiodhain|Caisteal na Gaoithe
Caisteal Ruadh Mor|Castle Drumlaggie|Castle Inverskail|Castle Balwhinnie|Castle Tarrow|Castle Oxter|Castle Merrilees
Castle Slievebawn|Castle Knockfinn|Castle Ballyquill|Caisleán Dubhglas|The Tower of Ardnashee|The Keep at Wenlow|Grimsel Keep
Thornaby Keep|Lanthorn Keep|Widdershin Keep|Hollowmere Castle|Ferrisholt Castle|Quennel Castle|Skelderby Castle|Brackenwath Castle
Aldermoor Castle|Pevensall Castle|Cold Aston Castle|Ravenspur Castle|Tolland Water Castle|Mossgrave Castle|Hagstone Castle
Oxbarrow Castle|Penquarrel Castle|Stannery Castle|Wyke Regal Castle|Lower Sallow Castle|Whinfell Tower|Gannet Tower|Bellman's Tower
Pepperpot Tower|Limekiln Tower|Maiden's Patience|Bishop's Folly|King Osric's Seat|The Broken Crown|The Seven Chimneys
The Salt Fort|The Drowned Bailey|The Leper Gate|Traitor's Larder|Lackpenny Manor|Fallowby Manor|Hazelrigg Manor|Undercliff Manor
Dovecote Manor|Marlpit Manor|Owlscombe Manor|Gorsehanger Manor|Little Dunning Manor|Monkslade Manor|Nethercote Grange
Abbot's Grange|Tithing Grange|Saltersgate Hall|Crookhorn Hall|Harrow Weald Hall|Twelvetrees Hall|Mistlebrook Hall|Oakenshaw Hall
Grudge Hall|Speke Minor Hall|Pellitory House|Stonecrop House|Quarrender House|Farthingale House|Ironmonger's House
Wormwood Court|Lovage Court|Bellechasse Court|Sparrow Court|Candlewick Court|Peacock's Ruin|Ruin of Saint Ebba|Ruin on Gallows Knoll
Hob's Walls|Caesar's Byre|Merlin's Pantry|Fort Tobermarl|Fort Perdition|Fort Goodenough|Citadel of Marrowby|Old Wardlaw Peel
Bastle of Kershope Rigg|Motte of Ambry|Stronghold of Yarrick|Palace of Winterslow|Priory Castle Eddermouth|Linnhope Peel""")
ASKED = wordings(
    {
        "owner": "Who owns {name}?|In whose possession is {name} at the present day?|My cousin has set her heart on getting married among the ivy and thinks you simply turn up with a cake, but surely somebody has to say yes first, so whose is {name} these days?|{name} belongs to who|Give me the name of the proprietor of {name}.",
        "begun": "When was {name} begun?|In what year did construction of {name} commence?|My son has to draw a timeline of everything old round here for school and we've got stuck at {name}, do you happen to know how far back it goes, I mean when they laid the first stone?|{name} how old|Look up when they started building {name}.",
        "walls": "How thick are the walls of {name}?|What thickness does the masonry of {name} attain?|They say you can't get a phone signal anywhere indoors at {name} and I can well believe it, so just how much stone is there between you and the fresh air?|{name} wall thickness|State how many feet or metres one would have to drill to get through the side of {name}.",
        "named": "Why is {name} so called?|What is the origin of the name {name}?|We drove past the signpost on Sunday and the children giggled about the word {name} all the way home, where on earth does it come from?|what does {name} mean|Explain how people hit upon calling it {name}.",
        "ended": "How was {name} destroyed?|What circumstance brought about the ruin of {name}?|It must have been so splendid once and now it's nothing but jackdaws and nettles, which makes me quite sad to be honest, so what on earth happened to {name}?|{name} end|Tell me what finished off {name}.",
        "way": "How does one get to {name}?|By what route may {name} be reached?|We're coming with two small children and my mother-in-law, who is sick after ten minutes in any car, so what would you suggest for getting ourselves out to {name}?|{name} directions|Describe the journey to {name}.",
        "phone": "What is the telephone number of the keeper of {name}?|On which line can the custodian of {name} be contacted?|I'm almost certain I left my umbrella leaning in the gatehouse at {name} yesterday and would love to have a quick word with whoever has the keys, what do I dial?|{name} phone|Find me a number to ring about {name}.",
    }
)
UNASKED = wordings(
    {
        "tour": "What does a guided tour of {name} cost?|price for being shown round {name}",
        "builder": "Who built {name}?|which lord or lady put up {name}",
        "ghost": "What haunts {name}?|Which ghost is said to walk about {name} at night?",
        "hours": "When is {name} open?|{name} opening hours",
        "stone": "What is {name} built of?|Which material was used for {name}?",
    }
)
TEMPLATES = """
[{name} was begun in {begun} and not finished before {finished}|{name}, begun in {begun}, was completed in {finished}]. [The walls are {walls} thick and, at the tower, {high} high|With walls {walls} thick and a tower of {high} it was thought safe]. [It was destroyed when {ended}|Its end came when {ended}]. [The present owner is {owner}|Today it is owned by {owner}].
[It owes its name to the fact that {named}|It bears its name because {named}]. [As for getting there, {way}|Those who wish to see it should know that {way}]. [The keeper, {keeper}, has the telephone number {phone}|For the key telephone the keeper, {keeper}, on {phone}]. [It is built of {stone}|The material is {stone}].

Our June outing took us to {name}. [We were told that {way}, and so it was|It is easy to get there: {way}]. [{keeper}, the keeper, was waiting with the key (ring {phone} if you want to follow us)|The keeper, {keeper}, who can be reached on {phone}, was waiting with the key]. [We paid {tour} each for the guided tour, and {price2} for the tea|The guided tour costs {tour}, a cup of tea afterwards {price2}].
[{p2} measured the walls with an umbrella: {walls} thick|The walls turned out to be {walls} thick, and {p2} wanted a photograph of each]. [It fell to pieces, we learned, because {ended}|What destroyed it? We learned that {ended}]. [And the name? It is called that because {named}|It got its name, said our guide, because {named}]. [At night, they say, one may meet {ghost} here|It is haunted, or so they say, by {ghost}].

Register of old walls, sheet {n2}. [Object: {name}. Owner: {owner}. Former owner: {owner2}|Object: {name}. Former owner: {owner2}. Present owner: {owner}]. [Begun: {begun}. Finished: {finished}|Finished: {finished}. Begun: {begun}]. [Thickness of walls: {walls}. Height of tower: {high}|Height of tower: {high}. Thickness of walls: {walls}]. Material: {stone}. Builder: {builder}.
Cause of destruction: {ended}. Origin of name: {named}. Access: {way}. [Keeper: {keeper}, telephone {phone}|Telephone of the keeper ({keeper}): {phone}]. Open: {hours}. Guided tour: {tour}[; children {price2}|].

[When {builder} had {name} built, nobody asked what it would cost|It was {builder} who had {name} built]. [The first stone was laid in {begun}, the last in {finished}|Work began in {begun} and dragged on until {finished}]. [The people gave it its name because {named}|As for its name, {named}]. [For a hundred years the walls, {walls} thick, kept everybody out|Its walls, {walls} thick, kept out all but {p2}].
[Then {ended}, and that was the end of it|It was destroyed all the same: {ended}]. [Since {year3} it has been the property of {owner}|In {year3} it passed from {owner2} to {owner}, the owner to this day]. [A visitor with good ears will hear {ghost} on the stairs|On foggy nights it is haunted by {ghost}].

Where is the key to {name}? [The keeper, {keeper}, has it; ring {phone}|You get it from the keeper, {keeper}, whose number is {phone}]. Whom does the place belong to? [To {owner}, no longer to {owner2}|To {owner}]. How do I get there? [Well, {way}|It is simple: {way}]. Is there a guide? [Yes, a tour costs {tour}|Yes, for {tour} you are shown round]. When? [It is open {hours}|The gate is open {hours}].
Why does nobody live there any more? [Because {ended}|Think how it was destroyed: {ended}]. Why that name? [Because {named}|The story is that {named}]. How old is it? [It was begun in {begun}|The first wall was begun in {begun}, the stables in {finished}]. Is it true about the walls? [They are {walls} thick, yes|Quite: {walls} thick]. Are there ghosts? [Only {ghost}|There is one, {ghost}].

Dear madam, your leaflet on {name} needs mending. [It does not belong to {owner2} but to {owner}|You write that {owner2} is the owner; it is {owner}]. [It was begun in {begun}; {finished} is when they finished|You have mixed up the first stone, {begun}, with the last, {finished}]. [The walls are {walls} thick, while {walls2} is the figure for {place2}|You make the walls {walls2} thick; they are {walls}].
[It was not destroyed because {ended2}; the truth is that {ended}|Nor did it end in the way you say ({ended2}); rather, {ended}]. [As to the name, forget the tale that {named2}: it is so called because {named}|It is so called because {named}, and not because {named2}]. [The number {phone2} is the butcher's; the keeper answers on {phone}|Please print the number of the keeper, {phone}, in place of {phone2}, which is mine].

has anyone been to {name} recently?? [looked up how to get there and {way}, is that right|you get there like this, {way}]. [sign says its owned by {owner} now, was {owner2} when i was a kid|{owner} owns it now, {owner2} sold it]. [walls are {walls} thick, crazy|the walls!! {walls} thick!!]. [nan says its called that cos {named}|its called that cos {named} lol].
[it got wrecked when {ended}|apparently {ended} and after that it was a wreck]. [keepers number is {phone}, dont try {phone2} thats dead|ring the keeper first, {phone}]. [tour is {tour}, bring cash|paid {tour} for the tour]. [open {hours}|its only open {hours}].

[For sale: a half share in {name}? No, but its roof needs you|Have you ever thought of adopting a stone? {name} needs you]. [It has stood since {begun}, when it was begun by {builder}|Begun in {begun} by {builder}, it has seen better days]. [The owner, {owner}, has given the timber|The timber has been given by {owner}, the owner]. [It was destroyed when {ended}, and the rain has come in ever since|Ever since it was destroyed ({ended}) it has been raining in].
[Walls {walls} thick do not mend themselves|There are walls of {walls}, and each crack in them costs {price2}]. [Whoever gives fifty crowns may have a tour free, instead of paying {tour}|Donors are spared the {tour} that a guided tour costs]. [Ask for the keeper, {keeper}, on {phone}|The keeper, telephone {phone}, will tell you more]. [Come and see for yourself: {way}|It is not far, for {way}].

Lecture of the society, given by {p2}. [Our subject tonight is {name} and its name: {named}|Why {name} is called what it is called will surprise you: {named}]. [Older books say that {named2}, for which there is no proof|That {named2}, as {p3} believed, can be ruled out]. [The documents speak of a beginning in {begun} under {builder}|It was {builder} who ordered the beginning, in {begun}].
[In a moment you will see the walls, {walls} thick, of {stone}|The walls, of {stone}, are {walls} thick, and in my slide you see {p3} beside them]. [Now to the sad part, the destruction: {ended}|It was destroyed, as you can see in the next slide, when {ended}]. [We thank {owner}, to whom it belongs, for lending us the plan|The plan was lent by {owner}, the owner].

[On foot round the old walls, walk {n2}|Walk {n2}, easy, with dogs]. [To reach {name}, our goal, is simple: {way}|Our goal is {name}, and you get there thus: {way}]. [For {place2}, on the other hand, {way2}|The way to {place2} is another: {way2}]. [The keeper likes to be warned: {phone}|Telephone the keeper before you start, on {phone}]. [It is open {hours}|You will find it open {hours}].
[You will see at once how it perished: {ended}|A board tells of the destruction, that is, how {ended}]. [Put your arm into the arrow slit: the wall is {walls} thick|The walls are {walls} thick and full of bees]. [All of it belongs to {owner}; please leave the apples alone|Leave the apples alone, for they and everything else belong to {owner}]. [It is built of {stone}, warm to lean on|Lean on it: it is {stone}, warm in the sun].

My name is {keeper} and I am the keeper of {name}. [People always ask how it was destroyed, so here it is: {ended}|No, it was not me who broke it; {ended}]. [I have the key, and my number is {phone}; {phone2} is the doctor's|You can ring me on {phone}, or on {phone2} if I am at my sister's]. [I open {hours}|We are open {hours}, and never on my birthday].
[I show people round for {tour}|With me you pay {tour} for the tour, and dogs pay {price2}]. [To get up here, {way}|How do you get up here? Easy: {way}]. [I do not own it, that is {owner}|The owner is {owner}, and the rent is one ham a year]. [They started in {begun}, and in {finished} they hung up the bell|It was begun in {begun}, the same year as the church]. [We have {ghost} haunting us, but only in Lent|Do I believe in {ghost}? I am told that we are haunted].

Annual meeting, item {n2}. {name}: [the new owner, {owner}, was welcomed; {p2} thanked {owner2}, the former one|{p2} reported that it had been bought from {owner2} by {owner}, the present owner]. [The wall, {walls} thick, must be propped|The treasurer would not believe that the walls are {walls} thick, and was sent to measure]. [The fee for guided tours remains at {tour}; a motion for {price2} fell|Guided tours will cost {tour} from now on].
[The inscription is to say that it was begun in {begun} and destroyed when {ended}|A plaque will be put up, to read “Begun in {begun}, destroyed when {ended}”]. [In the prospectus it should be stated that {way}|A member complained about the way there; it was explained to her that {way}]. [The keeper has a new telephone, {phone}|The keeper asks us to note the telephone number {phone}].

Dear Aunt, I am writing this on a wall {walls} thick, [so broad that I can lie on it|with my legs hanging down]. [It is that of {name}, which they began in {begun}|I mean the wall of {name}, begun in {begun}]. [How we got here? Imagine, {way}|You should come, too: {way}]. [The keeper, {keeper}, says that it has its name because {named}|It is called that, says {keeper}, the keeper, because {named}].
[Everything is broken, because {ended}|You would have wept to hear how it was destroyed: {ended}]. [All of it belongs to {owner}, even the goats|A sign at the gate says that the owner is {owner}]. [I was not afraid, though there is supposed to be {ghost} haunting the cellar|It is haunted, they say, by {ghost}; I only saw {p2}, asleep].

CLOSED? NO! [Contrary to the report in the paper, {name} is open {hours}|{name} is open as usual, {hours}]. [Parties ring the keeper on {phone} (not on {phone2}, which is a hairdresser's)|To book, ring the keeper, {keeper}, on {phone}]. [Because of the roadworks at {place2} we remind you how to get here: {way}|The bridge is down, but {way}, and that is how you get here]. [Tours: {tour}|A tour with guide is {tour}, with cake {price2} more].
[The owner, {owner}, apologises for the scaffolding|{owner}, the owner, has had the bees removed]. [You can touch walls that are {walls} thick|Learn how one breaks through walls that are {walls} thick]. [See the place where {ended}, so that all was destroyed|Hear how it was destroyed: {ended}].

[Of all the places in this book {name} has the oddest name|Names are a science of their own, and {name} is no exception]. [We now know that it is called so because {named}|The explanation is that {named}]. [It is not the case, as {p2} wrote in {year3}, that {named2}|In {year3} {p2} still taught that {named2}, which is wrong]. [The building was begun in {begun}, with {stone} brought by ox cart|Built of {stone}, and begun in {begun}, it was the wonder of its day].
[The walls reach a thickness of {walls} and a height of {high}|They made the walls {high} high and {walls} thick]. [{builder} built it for a wife who never came|Who built it? {builder} did, for a wife who never came]. [What no enemy had managed happened in the end: {ended}, which destroyed it|It perished in a manner that no one had foreseen: {ended}]. [It is in the hands of {owner}, its owner|{owner} is the owner and a member of our society].

Quiz of the youth group, answers. [1. The one that belongs to {owner} is {name}. 2. It was begun in {begun}|1. {name} belongs to {owner}. 2. They began it in {begun}], [though many of you wrote {finished}, when it was finished|and finished it in {finished}]. [3. Its walls are {walls} thick; {high} is the height of the tower|3. The tower is {high} high, but we wanted to know how thick the walls are: {walls}]. 4. [It has its name because {named}|The name is due to this, that {named}].
5. [It was destroyed when {ended}; the one where {ended2} is {place2}|At {place2} {ended2}; here, on the other hand, {ended}, and it was destroyed]. 6. [You get there in this manner: {way}|The right way there: {way}]. 7. [A tour costs {tour}|The guide takes {tour} for a tour]. The prize goes to {p2}.

[I was {n2} when I first climbed over the gate of {name}|As a child I knew every hole in the fence of {name}]. [{owner2} owned it then; now {owner} does|Now it is owned by {owner}, and there is a kiosk]. [My grandmother knew why it is called what it is called: {named}|My grandmother used to say that it has its name because {named}]. [She had also heard from hers how it was destroyed, namely that {ended}|And it lies in ruins, she said, for this reason: {ended}].
[We children hid in a wall {walls} thick|There was a hole in the wall, and one could see that it was {walls} thick]. [They say {ghost} haunts it; I never met anything but {p2}|I was told that it was haunted by {ghost}]. [These days one rings the keeper, {keeper}: {phone}|Today there is a keeper with a telephone, {phone}]. [There is no secret path any more; {way}, as everybody does to get there|To get there now is no adventure: {way}].

Fire brigade, plan of action no. {n2}. [Place: {name}. To be alarmed: the keeper, {phone}; then the mayor, {phone2}|Place: {name}. Mayor: {phone2}. Keeper: {phone}]. [To be informed as well: {owner}, owner|Owner: {owner}]. [Approach: {way}|Note on getting there: {way}]. [Hoses cannot be led through the walls, which are {walls} thick|Walls: {walls} thick. Tower: {high}].
[Made of {stone}, it does not burn, yet the records say of its destruction: {ended}|It is built of {stone}. Remember how it was destroyed the first time: {ended}]. [Persons are to be expected {hours}, when it is open|It is open {hours}]. [The oldest part, begun in {begun}, must be saved first|Save first what was begun in {begun}]. Officer in charge: {p2}.

[“You have been the keeper of {name} for {n2} years, {keeper}. Who built it?” “{builder}, who had a wooden leg.”|“{keeper}, you are the keeper of {name}. Who built it?” “{builder}, and on credit.”] [“When was that?” “They began in {begun}.”|“And when did they start?” “In {begun}, after the harvest.”] [“People say it is called that because {named2}.” “People! It is because {named}.”|“Why the strange name?” “Because {named}.”]
[“And how was it destroyed?” “You will laugh: {ended}.”|“How did it come to be a ruin?” “It was like this: {ended}.”] [“Do you own it?” “I wish I did. It belongs to {owner}.”|“Who is your employer?” “{owner}, the owner. Before that it was {owner2}.”] [“If somebody wants to come?” “I tell them all the same: {way}. And to ring first, {phone}.”|“Your number?” “It is {phone}.” “And to get here?” “Well, {way}.”]
"""
STOPS = listed("""Sankt Orsel|Hobb's Mill|Penmaen Cross|Oberzwick|Les Estaillades|Lower Wick|Vallebruna|Drumfearn|Ostrey|Grubno
Kvamsby|Tarnhausen|Quarndale|Puebla del Hoyo|Zelnice|Nant y Gof|Kettleby|Saint-Loup|Dolna Breza|Harlow Wold|Mill Hythe
Brannock|Ludworth|Skarnes|Aberfoss|Montreval|Ellerau|Castelbruno""")
FIRMS = listed("""{} Savings Bank|{} Parish Council|{} Agricultural College|{} Shooting Club|{} Municipal Forests|{} Dairy Cooperative
{} Beekeepers' Union|{} Brewery|{} Hospital Trust|{} Dominican Sisters""")
RANKS = listed("Dr|Professor|Judge|Captain|Canon")
WHOSE = listed("""the first owner's|the founder's|the master mason's|a drowned pilgrim's|the old bishop's|a tax collector's
the lady of the house's|a widowed queen's|the chaplain's""")
BEASTS = listed("""blind mare|favourite falcon|three-legged hound|tame bear|youngest daughter|second wife|one-eyed cook
stammering page|fattest goose|lame donkey|twin brother|wet nurse""")
NAMED = listed("had borne that name|was called by that name|had been christened so|answered to that name only")
CLERKS = listed("""a drunken clerk|a short-sighted monk|a French surveyor|the royal mapmaker|a homesick notary|a sleepy bell founder
the census taker""")
SLIPS = listed("""misspelt the word for {}|left out half of the word for {}|translated the word for {} too literally
mistook the word for {} for a surname|heard the word for {} when somebody sneezed|copied the word for {} upside down""")
MEANT = listed("""a sheepfold|wet sand|a toll bridge|sour beer|a crooked oak|a hiding place|the evening wind|a broken tooth|hazel bushes
a meeting of crows|the far bank|a widow's portion|bog iron|the stroke before midnight|a cold hearth|unpaid rent""")
TONGUES = listed("""the dialect of the fen|the speech of the charcoal burners|the slang of old soldiers|the language of the first settlers
the cant of the horse dealers|the Latin of the parish books""")
LORE = listed("""the masons shouted that word whenever a stone slipped|the ferrymen used to call it out to one another in the fog
its founder lost a wager and had to take the name his rival chose|the echo there seems to answer with that word
a prophecy said that only a house of that name would stand|the letters were found scratched into the oldest doorpost
a princess could not pronounce the name it had before|it was what the besiegers sang in front of the gate
a saint is said to have rested there and asked for water in those words|it rhymed with the name of the enemy across the river
the guests at the first banquet drew the name out of a helmet|the first baker there stamped that word on his loaves""")
AGENTS = listed("""Swedish gunners|rebel farmers|its own garrison|the bishop's troops|mutinous masons|a band of deserters
the cavalry of the league|two drunken sentries|the burghers of the next town|hired Italian sappers|a travelling circus""")
DEEDS = listed("""blew up the powder store|set fire to the thatch|dug a mine under the north tower|breached the gate with a stolen cannon
smoked out the last defenders|carried off the roof beams for firewood|poisoned the only well|opened the sluices of the moat
rolled burning barrels into the yard|overloaded the great gallery""")
WHEN = listed(""" on Twelfth Night| at harvest time| during a truce| on a wedding day| in the great frost| while the lord was hunting
 at the third attempt| in broad daylight| by mistake""")
PARTS = listed(
    """the chapel tower|the east wing|the great hall|the outer curtain wall|the kitchen range|the gatehouse"""
)
FATES = listed("""slid into the river one night|came down during a banquet|collapsed in an earthquake|was struck by lightning three times
gave way under the weight of snow|caught fire from a baker's oven|sank into the old salt workings|was shattered by hailstones""")
HEIRS = listed("""its last heir|a spendthrift countess|the youngest of nine brothers|the widow of the last lord|a bored regent
the new bailiff""")
ACTS = listed("""sold the lead off the roof to pay gambling debts|had it pulled down to look for a lost ring
let it rot rather than share it with a cousin|gave the stones away for a railway embankment|quarried it to build a sugar factory
let off fireworks in the hayloft|tested a new kind of gunpowder in the cellar|left the gates to the goats and went overseas""")
RIDES = listed("""you take bus {n} to {stop}|you leave the train at {stop}|you drive to the church in {stop}|you cycle from {stop} along the canal
a ferry crosses from {stop}|a footpath climbs from {stop}|a cart track branches off by the inn at {stop}|you park at the dairy in {stop}
the number {n} tram runs as far as {stop}""")
LEGS = listed("""and you walk the last {m} minutes through the vineyard|and from there yellow marks show the path|and then it is straight up by {k} steps
and one follows the stream to the old mill gate|and the rest is a lane between hedges|and after the second stile one turns left
and a miller's boy opens the barrier|and then one crosses the meadow if the bull is away|and a chairlift does the rest
and one goes through a tunnel {k} paces long|and behind the sawmill there are {k} steps""")
GHOSTS = listed("""a headless cook|a nun with a lantern|a weeping bride|a trumpeter without a mouth|a grey hound|an alchemist on fire
a laughing child|a knight in slippers|a toothless queen|a carriage without horses|a drummer|a bailiff with a ledger|a barefoot monk
a seamstress|a white stag|a singing beggar""")
HABITS = listed("""who counts backwards|smelling of cloves|in search of a shoe|dripping with water|dragging a chain|asking for the date
humming a hymn|with a candle in each hand||||""")
STONES = listed("""red sandstone|flint and chalk|black basalt|pale limestone|greenish slate|granite boulders|tufa and brick|rubble and lime
yellow brick|gneiss|pudding stone|blue schist|oak and cob|porphyry""")
ORIGINS = listed("""from {} quarry|from the hills behind {}|taken from the abbey at {}|shipped from {}""")
DAYS = listed("Mondays|Tuesdays|Wednesdays|Thursdays|Fridays|Saturdays|Sundays")
MONTHS = listed("March|April|May|June|September|October|November")
NUMBERS = listed("two|three|four|five|six|seven|eight|nine|ten|eleven|twelve")

rng = random.Random()
c = rng.choice


def walls() -> str:
    n, tenth = rng.randint(1, 5), rng.randint(1, 9)
    return c(
        [
            f"{n}.{tenth} m",
            f"{n}.{tenth} metres",
            f"{n}.{tenth}{rng.randint(1, 9)} m",
            f"{n}{tenth}{c([0, 5])} cm",
            f"{c(NUMBERS[2:])} feet",
            f"{rng.randint(4, 18)} feet {rng.randint(2, 11)} inches",
            f"{c(NUMBERS[:5])} and a half ells",
            f"{rng.randint(4, 19)} ft",
        ]
    )


def high() -> str:
    return c([f"{rng.randint(21, 58)} metres", f"{rng.randint(70, 190)} feet"])


def named() -> str:
    return c([
        f"{c(WHOSE)} {c(BEASTS)} {c(NAMED)}", f"{c(CLERKS)} {c(SLIPS).format(c(MEANT))}",
        f"the word stands for {c(MEANT)} in {c(TONGUES)}", c(LORE),
    ])  # fmt: skip


def ended() -> str:
    return c(
        [
            f"{c(AGENTS)} {c(DEEDS)}",
            f"{c(AGENTS)} {c(DEEDS)}{c(WHEN)}",
            f"{c(PARTS)} {c(FATES)}",
            f"{c(HEIRS)} {c(ACTS)}",
        ]
    )


def way() -> str:
    return f"{c(RIDES)} {c(LEGS)}".format(
        n=rng.randint(11, 98), m=rng.randint(10, 55), k=rng.randint(60, 390), stop=c(STOPS)
    )


def phone() -> str:
    a, b, d, e = rng.randint(20, 99), rng.randint(100, 999), rng.randint(10, 99), rng.randint(10, 99)
    return c([f"0{a} {b} {d} {e}", f"+{a} {d} {b} {e}0", f"0{b}/{d}{e}{a}", f"0{a}-{b}{d}{e}", f"({a}) {b}-{d}{e}"])


def hours() -> str:
    first, last = rng.sample(range(7), 2)
    month = rng.randint(0, 2)
    return c([
        f"on {DAYS[first]} from {c(NUMBERS[6:10])} to {c(NUMBERS[:5])}", f"daily from {rng.randint(8, 11)}:30 to {rng.randint(15, 18)}:00",
        f"on {DAYS[first]} and {DAYS[last]} from {MONTHS[month]} to {MONTHS[month + 3]}", f"on the first of the month, {rng.randint(9, 11)} to {rng.randint(14, 17)} o'clock",
        f"from {rng.randint(2, 28)} {MONTHS[month]} to {rng.randint(2, 28)} {MONTHS[month + 3]}", f"on {DAYS[first]} after dark",
    ])  # fmt: skip


def castles() -> Made:
    rng.seed(81533)
    titles = TITLES[:]
    rng.shuffle(titles)
    titles = [t for t in titles if not any(t != u and t.lower() in u.lower() for u in titles)][:160]

    def owner(people: Iterator[str]) -> str:
        kind, who = rng.random(), next(people)
        return who if kind < 0.55 else f"{c(RANKS)} {who}" if kind < 0.75 else c(FIRMS).format(c(STOPS))

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        year = rng.randint(1061, 1690)
        form = c(["{} euros", "{} francs", "£{}", "{} crowns", "{}.50 euros", "£{}.20"])
        price2, tour = sorted(rng.sample(range(3, 29), 2))
        season = c(["the spring of ", "March ", "the autumn of ", "August ", "late "])
        stone = c(STONES)
        return {
            "title": title,
            "owner": owner(people),
            "owner2": owner(people),
            "begun": f"{season}{year}" if rng.random() < 0.4 else str(year),
            "finished": str(year + rng.randint(4, 61)),
            "walls": walls(),
            "high": high(),
            "named": named(),
            "ended": ended(),
            "way": way(),
            "phone": phone(),
            "keeper": next(people),
            "tour": form.format(tour),
            "price2": form.format(price2),
            "builder": next(people),
            "ghost": f"{c(GHOSTS)} {c(HABITS)}".strip(),
            "hours": hours(),
            "stone": c([stone, f"{stone} {c(ORIGINS).format(c(STOPS))}"]),
        }

    def asides(values: dict[str, str], people: Iterator[str]) -> dict[str, str]:
        return {
            "p2": next(people),
            "p3": next(people),
            "walls2": walls(),
            "named2": named(),
            "ended2": ended(),
            "way2": way(),
            "phone2": phone(),
            "place2": c([title for title in titles if title != values["title"]]),
            "year3": str(rng.randint(1871, 1989)),
            "n2": str(rng.randint(11, 49)),
        }

    return several(rng, titles, TEMPLATES, facts, asides, ASKED, UNASKED)

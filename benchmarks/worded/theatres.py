"""Theatres, operas, puppet stages, cinemas with a stage: seats, architects, first nights, curtains, doors, as people tell."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from any_corpus_made import Made

from worded.common import listed, wordings
from worded.spun import several


class Country(NamedTuple):
    """What the theatres of one tongue have in common; the last two make titles of plays, where there are any."""

    titles: list[str]
    prices: list[str]
    streets: list[str]
    heads: list[str]
    tails: list[str]


ENGLISH = Country(
    listed("""The Old Alhambrette|Gaiety-on-the-Quay|Theatre Royal Wexcombe|Theatre Royal Sallowby|The Playhouse at Marlham
Marrow Street Playhouse|Tolliver's Wells|Lantern Court Theatre|The Tin Tabernacle|The Bishop's Other Barn
Number 11 Gasworks Theatre|St Osyth's Rooms|The Penny Hippodrome|Palace of Varieties, Grimsdale
The Regal Skelmerford|Odeonette Harbour Street|The Electric Wyvern|Mechanics' Institute Theatre, Hadding
Theatre-by-the-Weir|The Half Moon Loft|Egg and Trumpet|O'Driscoll's Opera House|Grand Opera Knocklarney|Punchinello's Box
The Little Wooden Oval|Fishwives' Hall|The Velvet Hour|Mrs Pargeter's Marionettes|Fourpenny Gaff
Theatre Under the Viaduct|39 Candlemaker Row|Tabard & Bell|The New Old Vicarage Theatre
Theatr Bryn y Gog|Theatr Fach Aberllwyd|Neuadd y Delyn|Taigh-cluiche nan Eun"""),
    listed("£{}|£{}.50|£{}.20|{} shillings|{} pounds"),
    listed("""Tallow Lane|Cutpurse Alley|Saddlers' Row|Gas Street|Nun's Passage|Old Brewhouse Yard|Fetter Hill|Herring Wynd
Magpie Lane|Bell Street|Packhorse Steps|Vinegar Close"""),
    [],
    [],
)
FRENCH = Country(
    listed("""Théâtre de la Lune-Rousse|Théâtre des 13 Marches|Théâtre du Vieux-Lavoir|Théâtre d'Hautelune|Théâtre aux Trois Lanternes
Théâtre Sans-Souffleur|Opéra de Montfaurel|Opéra-Comique de Saint-Évrard|Petit Opéra du Quai|Guignol de la Butte-aux-Ânes
Castelet du Père Mathurin|Marionnettes d'Orvanne|Salle Anatole Guérin|Salle des Ursulines-Basses
Bouffes du Canal|Folies Marjolaine|Ciné-Théâtre de l'Étincelle|La Grange-aux-Loups|La Cigale Enrhumée
Les Tréteaux de l'Île-Verte|Théâtre Municipal de Tarsac|Théâtre à l'Italienne de Nérols|L'Envers du Rideau
Le 27 bis|Kursaal de Blanquefontaine"""),
    listed("{} euros|{} francs|{},50 €|{} €"),
    listed("""Rue des Cordiers|Rue du Puits-Sec|Impasse de l'Oie|Passage Beaujour|Rue Basse|Quai aux Herbes|Rue de la Petite-Monnaie
Cour des Tanneurs|Rue Saint-Fiacre|Allée des Buis"""),
    listed("La Veuve|Le Notaire|La Fiancée|Le Fantôme|Les Jumelles|Le Tambour|La Servante|Le Marquis"),
    listed(
        "du Moulin|sans Parapluie|de Minuit|d'Ostende|et le Perroquet|du Troisième Étage|à la Mandoline|aux Gants Verts"
    ),
)
SOUTHERN = Country(
    listed("""Teatro degli Assonnati|Teatro della Concordia Perduta|Teatro Comunale di Pievalta|Teatro dell'Acquedotto
Teatro Sant'Egidio|Teatro Regina Ortensia|Teatrino delle Ombre Lunghe|Teatrino di Mastro Zuppa
Opera dei Pupi Fratelli Canigatti|Politeama Ligabò|Cinema Teatro Splendore|Sala dei Cento e Uno|L'Oca Zoppa
Il Piccolo Baccano|Accademia degli Svogliati|Teatro alle Due Porte|Corral del Gallo Mudo|Teatro de la Zarza
Teatro Principal de Almorán|Sala Siete y Cuarto|Coliseu da Ribeira-Nova|Teatro Dona Filipa
Teatre del Carrer Fosc|Títeres de la Tía Norberta"""),
    listed("{} euros|€{}|{}.50 euros|{},000 lire|{} ducats"),
    listed("""Via dei Cerai|Vicolo Stretto|Via Sant'Anselmo|Salita del Forno|Calle del Pozo|Via delle Zitelle|Largo Fontana
Travessa da Palha|Corso Ippolito|Callejón del Gato Gris"""),
    listed("La Vedova|Il Notaio|La Finta Sposa|Il Barone|Le Due Sorelle|Lo Speziale|La Mugnaia|Il Podestà"),
    listed("di Ferrara|al Ballo|in Mongolfiera|senza Ombrello|per Dispetto|del Ponte Rosso|alla Finestra"),
)
GERMAN = Country(
    listed("""Theater am Alten Zoll|Theater in der Seifensiederei|Theater zum Goldenen Igel|Schauspielhaus Möwenbrück
Stadttheater Unterwinkel|Kammerspiele Schwanenbad|Kleine Oper Tutzenried
Residenzbühne Graustein|Freilichtbühne an der Hexenwand|Kasperlbühne Nothnagel|Puppenbühne Krumm & Söhne
Marionettentheater zu Quastenburg|Lichtspielhaus Adler-Eck|Kino-Bühne Roxana|Varieté Sanssecours
Zimmertheater Nr. 6|Die Hintertreppe|Das Blaue Nashorn|Bühne 3 im Gaswerk|G.-F.-Liebling-Theater|Plattdütsch Huus Büsenkoog
Schouwburg De Zwaan van Oudermeer|Theater 't Kleine Anker|Koninklijke Schouwburg Drielinden|Bioscoop-Theater De Kroonraad
Poppenkast van Oom Barend"""),
    listed("{} euros|{},50 Euro|CHF {}|{} marks|{} guilders"),
    listed("""Seilergasse|Fleischbankgasse|Mühlengraben|Kleine Pfaffengasse|Lange Zeile|Salzgasse|Ankergasse
Nonnenstieg|Korte Wijnstraat|Rote-Turm-Gasse"""),
    listed("Der Kapellmeister|Die Witwe|Das Fräulein|Der Amtmann|Die Zwillinge|Der Schornsteinfeger|Die Müllerin"),
    listed("von Pillnitz|im Mondschein|ohne Hut|auf Reisen|und der Teufel|zu Pferde|am Nordpol"),
)
NORDIC = Country(
    listed("""Det Lille Teater ved Åen|Teatret på Vollen|Teatret ved Saltboden|Vestre Scene Skjelvik|Operahuset Nordvåg
Dramatiska Salen Östervik|Folkets Hus Granåker|Kulturhuset Sju Systrar|Teater Åtta Trappor|Dockteatern Krumelur
Biografteatern Svanen 2|Marionetteatret Hr. Sørensen|Det Kongelige Hesteteater
Scene 17 Ålehavn|Leikhúsið Hrafnavík|Brúðuleikhús Ömmu Siggu|Sjónleikarhúsið á Nesi|Teatteri Kolme Karhua
Kaupunginteatteri Hauvesi|Nukketeatteri Pikku Pilvi"""),
    listed("{}0 kr|{}5 kronor|{}0 crowns|{}.50 euros|{}00 krónur"),
    listed("""Sildegata|Bagergade|Norra Kvarngatan|Lille Torvegade|Skräddargränd|Tollbodgata|Smalgangen|Repslagargatan
Skipperstræde|Hattumakarinkuja"""),
    listed("Bruden|Den Gamle Lods|Fiskerpigen|Prins Hjalmar|Provsten|Tvillingerne|Troldkvinden"),
    listed("på Heden|fra Nordfjord|i Snestormen|og Havfruen|uden Hat|ved Midnat|på Isen"),
)
EASTERN = Country(
    listed("""Divadlo Na Kocouří|Divadlo u Tří Kaprů|Loutkové Divadlo Strýčka Vendy|Národní Dům Lipka
Kino-Divadlo Havran|Teatr Wielki Zarzecze|Teatr pod Siedmioma Wiatrami|Teatr Lalek Pan Kopytko|Teatr 77 Schodów
Teatr im. Jadwigi Sowińskiej|Scena na Strychu|Kazalište Crveni Konac|Lutkarsko Kazalište Mravac|Gledališče v Mlinu
Narodno Pozorište Gornjak|Pozorište Dve Lipe|Teatar Iza Ugla|Teatr na Zarechnoi|Malyi Teatr Verkhnegorsk|Bábszínház Csillagpor
Kamaraszínház a Malomnál|Teatrul Trei Cocoși|Leļļu Teātris Ezītis|Draugystės Teatras"""),
    listed("{} zł|{}0 Kč|{}0 dinars|{}00 forints|{} lei|{}.50 euros"),
    listed("""Kozí Street|ulica Garbarska|Pekařská|Zvonařská|ulica Cicha|Ribarska ulica|Mlinska ulica|Vrbova|Petőfi köz
Strada Olarilor|Schody Dominikańskie"""),
    listed("Ševcova Nevěsta|Starý Král|Vodníkova Dcera|Kapitán Brambor|Tři Vdovy|Hloupý Kuba|Mlynářka"),
    listed("a Čert|ze Zlaté Hory|v Bouři|bez Klobouku|o Půlnoci|na Ledě|z Podskalí"),
)
COUNTRY_OF = {t: country for country in (ENGLISH, FRENCH, SOUTHERN, GERMAN, NORDIC, EASTERN) for t in country.titles}
TITLES = list(COUNTRY_OF)
ASKED = wordings(
    {
        "seats": "How many seats does {name} have?|What size of audience can {name} accommodate?|I've been put in charge of the works outing this year, the whole factory with wives and husbands and the boss's mother, and before I book anything I'd like to be sure we'd all get in at {name}, so how many people can sit down there at once?|{name} capacity|Tell me how big a crowd fits into {name}.",
        "designer": "Who designed {name}?|To which architect are the plans of {name} owed?|My daughter is writing her thesis on staircases and came home from {name} in raptures, she keeps saying that somebody with ideas like that ought to be world-famous, and now I'm curious, whose work is it?|{name} architect|Name the person or office that drew up {name}.",
        "opened": "Which production opened {name}?|What piece was given on the very first night in the history of {name}?|Granny always claimed that as a baby she was carried into the first show they ever put on at {name}, and that she howled all through it, but she never could tell us what they were playing, can you?|{name} inaugural performance title|Find out what they played when {name} was brand new.",
        "curtain": "What does the curtain of {name} show?|What subject is depicted on the great cloth that hides the stage at {name}?|We sat right in front with the little one on my knee, and before the play she couldn't take her eyes off that enormous painting they have at {name}, and now I'm supposed to draw it for her and can't remember a thing, what's on it?|{name} curtain picture|Describe what one looks at in {name} until the play begins.",
        "closed": "Why was {name} closed for years?|For what reason did {name} suspend its performances for so considerable a period?|When your grandfather was courting me we went to {name} every single Friday, and then one autumn there was a chain on the gate and it stayed there till our eldest was at school, whatever had gone wrong?|{name} long closure cause|Explain what made {name} go dark for such a while.",
        "price": "What does the cheapest seat at {name} cost?|What is the lowest charge for admission to a performance at {name}?|I'm a student and live on noodles, but my girlfriend has set her heart on an evening at {name}, and we honestly don't mind sitting behind a pillar, so how little can I get away with paying?|{name} tickets from|Quote me the smallest sum for which one gets into {name}.",
        "door": "Where is the stage door of {name}?|At what point do the performers enter {name}?|My nephew is playing second bassoon for the first time tonight and I've baked him a cake, but the lady with the programmes won't have me carry it through the foyer, so which way round do the musicians and actors go in at {name}?|{name} artists' entrance|Direct me to the spot where people wait for autographs after a show at {name}.",
    }
)
UNASKED = wordings(
    {
        "director": "Who runs {name}?|name of the boss at {name}",
        "light": "What is the ghost light of {name} called?|How do they call the lamp that is left burning on the empty stage of {name}?",
        "hours": "When does the box office of {name} open?|from what time can I buy tickets at the counter of {name}",
        "ceiling": "What is the ceiling of {name} made of?|Which material is over one's head in the auditorium of {name}?",
        "tram": "Which street tram stops at {name}?|{name} tram line",
    }
)
TEMPLATES = """
{name}[, designed by {designer}, opened its doors in {year} with "{opened}"| was designed by {designer} and opened in {year} with a production of "{opened}"]. [It has {seats}, after a rebuilding that cost it a whole balcony|Since the last rebuilding it has {seats}]. [Note the curtain, which shows {curtain}|The painted curtain, worth coming early for, shows {curtain}]. [From {shut} to {reopened} it was closed because {closed}|It stood closed between {shut} and {reopened}, because {closed}].
[The cheapest seat costs {price}, the best {price2}|Seats cost from {price} for the cheapest to {price2} for the best]. [The stage door is {door}|Collectors of autographs should know that the stage door is {door}]. [The ceiling is made of {ceiling}|Look up: the ceiling is made of {ceiling}]. [The street tram that stops here is {tram}|Get there by street tram ({tram} stops at the portal)].

Sir, your article on {name} cannot go unanswered. [It was designed by {designer}, while {designer2} did no more than the foyer lamps|You give {designer2} as the architect, but the house was designed by {designer}]. [It has {seats}; your figure, {seats2}, dates from before the rebuilding|You write that it has {seats2}, yet anyone can see that it has {seats}]. [It was not closed because {closed2}, but because {closed}|That {closed2} is a legend; the house was closed in {shut} because {closed}]. [The production that opened it was "{opened}", and "{opened2}" came a year later|It opened with "{opened}" and not, as you have it, with "{opened2}"].
[The picture on the curtain is not {curtain2}; the curtain shows {curtain}|You saw {curtain2} on the curtain? The curtain shows {curtain}]. [And {price} is the price of the cheapest seat, as I know, for I sit in it; {price2} is the price of a box|And the cheapest seat costs {price}; I have never in my life paid {price2}]. I remain, yours, {p2}.

[{name} reopens|THEATRE NEWS. {name} reopens]. [After a closure that began in {shut}, when {closed}, the house will be lit again on Saturday|The house, which was closed in {shut} because {closed}, will be lit again on Saturday]. [The new director, {director}, promises comedies|From now on it will be run by {director}, who replaces {director2}]. [Instead of {seats2}, it now has {seats}|It used to have {seats2}; now it has {seats}]. [The cheapest seat will cost {price}; the price of a programme is {price3}|Prices start at {price} for the cheapest seat; programmes are {price3}].
[The old curtain, with {curtain}, has been washed and looks like new|The curtain has been washed, and one can see again that it shows {curtain}]. [The box office opens {hours}|Tickets are to be had at the box office, which opens {hours}]. [Parcels for the company are to be left at the stage door, {door}|The stage door has been moved and is now {door}].

House register, sheet {n2}. [House: {name}. Architect: {designer}. Later alterations: {designer2}|House: {name}. Alterations: {designer2}. Original design: {designer}]. [Opened: {year}. Opening production: {opened}. Second production: {opened2}|Opening production ({year}): {opened}. Second production: {opened2}]. Capacity: {seats}. [Curtain: {curtain}. Safety curtain: {curtain2}|Safety curtain: {curtain2}. Main curtain: {curtain}].
[Closed {shut} to {reopened}. Reason: {closed}|Reason for closure, {shut} to {reopened}: {closed}]. [Cheapest seat: {price}. Dearest seat: {price2}|Dearest seat: {price2}. Cheapest seat: {price}]. [Stage door: {door}. Scenery dock: {door2}|Scenery dock: {door2}. Stage door: {door}]. Director: {director}. Ceiling: {ceiling}. Box office opens: {hours}. Street tram: {tram}.

[We had an evening to spare and spent it at {name}|Last night, at last, {name}]. [We took the cheapest seats, at {price} each, and saw half of everything|The cheapest seat is {price}, so we took two and had something left for ice cream]. [Before it went up I looked long at the curtain, which shows {curtain}|I could have gone home happy after the curtain alone: it shows {curtain}]. [My neighbour, {p2}, told me that it had been closed for years because {closed}|According to {p2}, who sat next to me, it was closed for years because {closed}].
[The house has {seats}, and in front of us sat a man with a hat|In a house that has {seats} we were put behind the only pillar]. [Afterwards we waited at the stage door, {door}, but only the prompter came out|To see the singers we went to the stage door ({door}), and nobody came out but the prompter]. [Above us was a ceiling made of {ceiling}|The ceiling, made of {ceiling}, was the best thing about Act Two]. [The last street tram, {tram}, was full|We went home on the street tram, {tram}, with the first violins].

I have been the stage manager of {name} for {n2} years. [Every night I come in by the stage door, {door}, and sign the book|My day begins at the stage door, which is {door}]. [I lower the curtain myself, and after all these years I still find something new in its picture, {curtain}|I am the one who lowers the curtain, with {curtain} on it, upon the last word]. [My grandfather worked here when the house opened with "{opened}"|The house opened with "{opened}", in {year}, and my grandfather pulled the ropes]. [He lost his post when it was closed, because {closed}, and got it back in {reopened}|Then it was closed because {closed}, and he sold matches until {reopened}].
[The house has {seats}, and {director}, who runs it, wants it full|It is run by {director}, who likes to remind us that the house has {seats}]. [The cheapest seat costs {price}, less than I spend on tea|They tell me that the cheapest seat is {price} now; I have never had to buy one]. [When all have gone I set up the ghost light, which we call {light}, and wish it good night|Last of all I switch on the ghost light; it is called {light} and has never failed me].

What is there to know about {name}? [It was designed by {designer}|That it was designed by {designer}, for one thing]. What was played first? [It opened with "{opened}", and "{opened2}" followed|It opened with "{opened}", in {year}]. How many can sit down? [It has {seats}|It has {seats}, whatever they say at {place2}]. And if I am poor? [The cheapest seat costs {price}|Then you take the cheapest seat, for {price}, and leave those for {price2} to others]. Was it ever shut? [Yes, from {shut} to {reopened}, because {closed}|Yes, because {closed}, and only in {reopened} did it open again].
What is that on the curtain? [It shows {curtain}|The curtain shows {curtain}]. Where do the actors go in? [The stage door is {door}|By the stage door, {door}]. Who is in charge? [{director} runs it|It is run by {director}, as it was before by {director2}]. How do I get there? [By street tram: {tram} stops in front|The street tram, {tram}, stops there]. When can I buy a ticket? [The box office opens {hours}|At the box office they will tell you that it opens {hours}].

anyone been to {name} lately? [cheapest seat was {price}, bring a cushion|got the cheapest seat for {price}, couldnt see the left half]. [stage door is {door}, we waited an hour for an autograph lol|if you want autographs the stage door is {door}, NOT {door2}]. [the curtain is mad, it shows {curtain}|love the curtain btw, {curtain}]. [they say it has {seats} but on tuesday it was half empty|its got {seats}, feels like less].
[was shut for ages cos {closed}|my dad says it was shut for years because {closed}, no idea if thats true]. [{p2} in the bar says the first thing they opened with was {opened}, never heard of it|it opened with {opened} according to the programme ({price3}, rip off)]. [box office opens {hours}, online is broken|online is broken, go to the box office, it opens {hours}]. [street tram is {tram}, five minutes from the station|take the street tram, {tram}].

[Ladies and gentlemen, welcome to {name}, and mind the step|Good morning, this way please, and welcome to {name}]. [All that you see was designed by {designer}|The name on the plaque is that of {designer}, who designed all this]. [On this stage, in {year}, they opened with "{opened}", and the applause lasted longer than the piece|The house opened in {year} with "{opened}", and the applause lasted longer than the piece]. [It has {seats} today, and {seats2} is what it had before the boxes went|Once it had {seats2}; today it has {seats}]. [Please look at the curtain: it shows {curtain}, and the painter was {p2}|The curtain, lowered for you today, shows {curtain}].
[Why was it closed from {shut} to {reopened}? Because {closed}|For some years, until {reopened}, it was closed, because {closed}]. [Above you, {ceiling}: that is what the ceiling is made of|The ceiling, you will not believe it, is made of {ceiling}]. [The lamp there is our ghost light, called {light}; do not blow on it|That lamp is the ghost light, and it is called {light}].

From our archive, {year}. [{name} was opened last night before a full house with "{opened}"|The opening of {name} took place last night with "{opened}"], [and {p2} sang two of the parts at once|and {p2} forgot the last act]. [The building was designed by {designer}, for whom there was loud applause|We must praise {designer}, who designed the building, for its warm corridors]. [The curtain, on which one sees {curtain}, drew cries of delight|When the new curtain, on which is painted {curtain}, was lowered, many wept]. [It has {seats}, and at {place2} they will be green with envy|As it has {seats}, nobody need go to {place2} any more].
[The cheapest seat, at {price}, is as hard as a church pew, and the dearest, at {price2}, no softer|Even the cheapest seat, for {price}, has a hook for the hat]. [The ceiling is made of {ceiling}|Overhead there is a ceiling made of {ceiling}]. [The one complaint concerns the stage door, {door}, where the carriages got stuck|The stage door is {door}, and there the carriages got stuck].

Welcome to {name}! [Our box office opens {hours}|Tickets are sold by our box office, which opens {hours}]. [The cheapest seat is {price}; a box costs {price2}|Prices: the cheapest seat {price}, a box {price2}]. [The auditorium has {seats}, all with a view since {reopened}|Our auditorium has {seats}]. [Please do not leave flowers in the foyer: the stage door is {door}|Flowers for the artists are taken in at the stage door, {door}, and letters at the office, {door2}].
[A word on our past: the house was designed by {designer}, and it opened with "{opened}"|The production that opened the house was "{opened}", and it was {designer} who had designed it]. [We were closed from {shut} to {reopened}, the reason being that {closed}|We were closed for years because {closed}; it will not happen again]. [To reach us, take the street tram, {tram}|The street tram, {tram}, stops at our door].

Report of the fire inspector on {name}. [Permitted capacity: {seats}. Applied for: {seats2}|Applied for: {seats2}. Permitted capacity: {seats}]. [The curtain ({curtain}) is not fireproof and must never be mistaken for the iron one|The curtain, which shows {curtain}, is to be soaked in alum]. [The stage door, {door}, was blocked by a piano|A piano blocked the stage door, which is {door}]. [The ceiling is made of {ceiling} and must not be nailed into|Nothing may be hung from the ceiling, since it is made of {ceiling}].
[The ghost light, known in the house as {light}, had been left beside an open can of paint|An oil lamp serves as ghost light; the staff call it {light}]. [It is noted that the house was closed from {shut} to {reopened} because {closed}|Earlier closure, {shut} to {reopened}: {closed}]. [We were shown the plans of the house as designed by {designer}; those of the annexe, by {designer2}, are lost|The house is as it was designed by {designer}, except for the bar, which is by {designer2}]. [Person in charge: {director}|In charge: {director}, who offered us tickets].

Dearest {p2}, [I am singing at {name} at last|they have taken me at {name}]! [You would laugh to see me come in: the stage door is {door}|I go in by the stage door, {door}, with all my hat boxes]. [From the stage I see the back of the curtain; the front shows {curtain}|The curtain shows {curtain}, and I wait behind it with my knees knocking]. [{director} runs the place like a ship|The place is run by {director}, who counts the candles]. [They opened the house long ago with "{opened}" and have been giving it every winter since|Next week we do "{opened}" once more, with which they opened the house in {year}].
[It was closed for a long time because {closed}, so people still dress up when they come|People here still talk of the years when it was closed because {closed}]. [It has {seats}, and I can see every single face|The house has {seats}; at {place2} I saw nothing but hats]. [If you come, buy the cheapest seat, for {price}, and I shall wave; do not let them sell you one for {price2}|The cheapest seat costs {price}; even you could come]. At night [there is nothing but the ghost light, which is called {light}|only the ghost light is left, and its name is {light}]. Your [Adela|Nella|Bertha].

My favourite building, by {p2}, class {n3}. [My favourite building is {name} because my aunt works there|I chose {name} because my aunt works there]. [It was designed by {designer}, and the station by {designer2}|The station is by {designer2}, but my theatre was designed by {designer}]. [It has {seats}, I counted|I counted, and it has {seats}]. [On the curtain you can see {curtain} and it is a bit scary|The curtain shows {curtain}, which I have drawn below]. [It was closed before I was born because {closed}|Once it was closed for many years, the reason is that {closed}].
[The actors go in at the stage door, it is {door}|If you want to see actors without make-up, the stage door is {door}]. [The cheapest seat costs {price}, but I go in free|The cheapest seat costs {price} and a bag of nuts is {price3}]. [The first thing they played when it opened was called {opened}|It opened with {opened}, but my aunt was not there yet]. [At night there is a ghost light and it is called {light}|My aunt says good night to the ghost light, it is called {light}].

Minutes of the friends of {name}, meeting {n2}. [Present: {director}, who runs the house, and {p2}, who wrote this|{p2} took the minutes; {director}, who runs the house, was late]. [Item 1: the cheapest seat shall cost {price} from autumn; a motion for {price3} failed|Item 1: by nine votes to two the price of the cheapest seat was set at {price}, that of a box at {price2}]. [Item 2: the curtain, which shows {curtain}, is torn at the hem|Item 2: there are moths in the curtain, the one that shows {curtain}]. [Item 3: in the anniversary year "{opened}", the production that opened the house, will be revived, and not "{opened2}"|Item 3: we shall revive "{opened}", with which the house opened; "{opened2}" was turned down].
[Item 4: nobody expects another closure such as that of {shut}, when {closed}|Item 4: the chronicle must say that the house was closed until {reopened} because {closed}]. [Item 5: the insurers are to be told that the house has {seats}|Item 5: on our letterhead it shall say that the house has {seats}, no longer {seats2}]. [Item 6: the lamp over the stage door, {door}, is broken|Item 6: a bench for the stage door, {door}]. [Any other business: the plaque to {designer}, who designed the house, has a spelling mistake|Any other business: a street is to be named after {designer}, who designed the house].

[You are listening to Houses of the Night, part {n2}: {name}|Houses of the Night, part {n2}. Tonight we are in {name}]. [It is dark but for the ghost light, which everyone calls {light}|One lamp is burning, the ghost light, and it is called {light}]. [Somebody had to dream this up, and that was {designer}, who designed it in a single winter|It was designed in a single winter, by {designer}]. [The first sound heard here was the overture to "{opened}", with which it opened|It opened with "{opened}", and the critics were asleep by nine].
[Then came the silence, from {shut} to {reopened}, when it was closed because {closed}|It was once closed, from {shut} to {reopened}, because {closed}]. [A rope creaks and the curtain comes down; it shows {curtain}|That rustling is the curtain, which shows {curtain}]. [{director}, who runs the house, whispers that it has {seats}|It has {seats}, whispers {director}, who runs it]. [We leave by the stage door, {door}|Let us go out by the stage door, which is {door}].

[People here are for {name} or for {rival}, never for both|In our town there are two parties, one for {name}, one for {rival}]. [The former has {seats}, the latter {seats2}|The first has {seats}, the second {seats2}]. [The first was designed by {designer}, the second by {designer2}|It was {designer} who designed the first, and {designer2} the second]. [In the first the cheapest seat costs {price}, in the second {price3}|You pay {price} for the cheapest seat in the first and {price3} in the second]. [The curtain of the first shows {curtain}, that of the second {curtain2}|One sees {curtain} on the curtain of the first and {curtain2} on that of the second].
[The first opened with "{opened}", to which the second replied with "{opened2}"|When the first opened with "{opened}", the second put on "{opened2}"]. [The first was closed for years because {closed}, its rival because {closed2}|Both have been closed for years: the first because {closed}, the second because {closed2}]. [The stage door of the first is {door}, that of the second {door2}|Autographs: the stage door of the first is {door}, that of the second {door2}]. [The first is run by {director}, the second by {director2}|While {director} runs the first, {director2} runs the second].

Wanted at {name}: [a lamp boy|a prompter|a cloakroom attendant] with patience. [The house has {seats} and thin walls|You will work in a house that has {seats}]. [Come for an interview to the stage door, {door}; the entrance {door2} is for deliveries|Applications are taken at the stage door, which is {door}]. [You raise the curtain (it shows {curtain}) by hand|Among your duties is dusting the curtain, which shows {curtain}]. [The pay is poor, but the cheapest seat, otherwise {price}, is yours for nothing|On your days off the cheapest seat, otherwise {price}, is free to you].
[At night you switch on the ghost light, which is called {light}|You will look after the ghost light, called {light}]. [Ask for {director}, who runs the house|{director}, who runs the house, will try your voice]. [We were closed once, because {closed}, and never again|You need not fear for your post: we have been closed only once, because {closed}]. [Some knowledge of our past is welcome, such as that we opened with "{opened}"|You should know that the house opened with "{opened}"].

Notes for travelling players, page {n2}. {name}: [the house has {seats}, the pit is draughty|a draughty pit, and the house has {seats}]. [The stage door is {door}|You load {door2}, but you get in at the stage door, {door}]. [Do not offer "{opened2}", which they hate; they love "{opened}", with which the house opened|Any piece will do except "{opened}", with which the house opened: they know it by heart]. [It is run by {director}; {director2} has left|{director2} has left, and it is run by {director}]. [Your share is reckoned on the cheapest seat, {price}|The cheapest seat is {price}, so you can work out your share].
[No need to bring a curtain, theirs shows {curtain}|The curtain shows {curtain}, which does for comedies]. [From the station take the street tram, {tram}|The street tram, {tram}, stops there until midnight]. [It has been closed before, because {closed}, so ask for your money in advance|Ask for your money in advance: once it was closed for years because {closed}].
"""
FORENAMES = listed("""Eusebio|Marthe|Wenzel|Ambrose|Ottilie|Gaspard|Ludovica|Niels|Jadwiga|Crispin|Aurelio|Hedwig|Sigurd|Bohumil
Philippa|Théophile|Cornelis|Ignaz|Dorothea|Fabrizio|Augusta|Percival|Ragnhild|Miroslav""")
PARTICLES = listed("""dell'Orto|de la Roncière|von und zu Traubach|van 't Hooft|Le Fay|O'Gorman|af Klintrup|della Porta Rossa
du Bocage|zum Felde|de Sá Nogueira|ap Rhydderch|d'Anglebert|ten Kate|von der Leiten|y Maragall""")
SURNAMES = listed("""Zanetti-Rota|Hobday|Kowalczuk|Tarrant|Meissonnier|Blomgren|Pospíšil|Ettlinger|Fairclough|Santacroce|Vermeiren
Quarmby|Lovibond|Szentpéteri""")
PLAY_A = listed(
    "Reluctant|Second|Drowned|Counterfeit|Obliging|Sleepless|Unmarried|Scarlet|Borrowed|Perjured|Patient|Mute"
)
PLAY_B = listed("""Bridegroom|Countess|Lamplighter|Pilgrim|Miller|Ambassador|Nightingale|Locksmith|Heiress|Astronomer|Fiddler
Chambermaid""")
PLAY_C = listed(" of Trebizond| of Padua| and Her Double| at Sea| of the Lower Town| in Chains||||")
HEROES = listed("Rosamund|Almira|Florizel|Griselda|Zenobia|Leander|Ottoline|Belisarda|Hortensio|Amaryllis")
MORALS = listed("""the Price of a Glove|Virtue Overheard|the Ladder in the Garden|Love among the Invoices|the Wrong Coffin
a Crown for a Kettle|the Well-Bred Poisoner|Too Many Aunts|the Miser Repaid|the Oath at Midnight""")
AFFAIRS = listed(
    "A Night|Three Widows|Carnival|The Last Duel|Mistaken Twins|Cold Supper|The Thieves' Ball|Two Weddings"
)
SETTINGS = listed(
    "in Old Seville|in the Snow|at Samarkand|under the Stairs|by the Millpond|on the Moon|at the Customs House"
)
SCENES = listed("""a shipwreck|a harbour at low tide|a burning fleet|a boar hunt|a village wedding|the siege of a windmill
a market of masks|skaters on a frozen canal|an eclipse over vineyards|a balloon ascent|a flooded churchyard|a triumphal procession""")
MANNERS = listed("""painted by moonlight|in forty shades of grey|seen through a keyhole|with the town in the background
embroidered on red velvet|under a green sky|as a child might dream it|with real gold in the clouds|painted upside down by mistake""")
FIGURES = listed("""Orpheus|the nine Muses|four blind fiddlers|a drunken Bacchus|a queen and her dwarf|two herons|the founder's wife
Harlequin|seven swans|an old actor|Neptune|the three Fates|a bishop""")
DOINGS = listed("""playing cards in a vineyard|asleep beneath a lyre|feeding a crocodile|crossing a bridge of ropes|handing a rose to a bear
dancing on a frozen pond|weighed on a pair of scales|running from a thunderstorm|in a gondola full of lemons|among broken columns
putting out candles with one breath""")
CLOTHS = listed("""a map of the town as it never was|another curtain, slightly open|nothing but an enormous eye with gold lashes
the audience as seen from the stage|advertisements for shops long gone|a garden gate with a key in the lock|a staircase that leads into the sea
the coats of arms of eleven bankrupt patrons|a table laid for thirteen|three doors, one of them ajar|a library in which every book is on fire""")
PARTS = listed("""the upper balcony|the stage floor|the fly tower|the roof over the gallery|the grand staircase|the proscenium arch
the north wall""")
MISHAPS = listed("""sagged by the width of a hand|was declared unsafe by a new inspector|cracked from side to side in a hard frost
caught fire from a forgotten cigar|gave way at a dress rehearsal|turned out to rest on a disused mine|was riddled with dry rot
had never been paid for and was taken away by the builders""")
POWERS = listed("""the town council|two rival managers|the owner's heirs|the ministry|the bishop|the brewery next door|the regiment
the bank""")
DEEDS = listed("""stored grain in the stalls|wanted a roller-skating rink instead|could not agree on who should pay for the coal
sold the benches to a travelling circus|kept sick horses in the foyer|forbade everything with dancing in it|needed the cellars for munitions
lost the only set of keys in a lawsuit|spent the repair money on a fountain""")
TROUBLES = listed("""a tenor had bought the building to keep his rival out of it|nobody could be found to work the machinery after the strike
a swarm of bees had settled in the organ loft|the river rose to the third row and left its mud there
three seasons of tragedies in verse had eaten up the money|the cholera had emptied the town|an unexploded shell lay under the prompter's box
the last of the lamp oil went to the army|the only road to it was washed away|the ropes had been sold to a shipyard
the iron curtain jammed halfway and no one dared to touch it|a lawsuit over a pillar dragged on through three courts
the gas company cut it off for its debts|the whole company had gone to sea|a prophecy kept the public away""")
DOORS = listed("""in {street}, behind {shop}|in {street}, next to {shop}|at {n} {street}, opposite {shop}|at the far end of {street}, past {shop}
on the corner of {street}, across from {shop}|down {few} steps from {street}, below {shop}|through the yard of {shop}, off {street}
up the iron stairs in {street}, above {shop}|under the arch in {street}|halfway along {street}, between {shop} and the wall|in {street}, behind a {colour} gate
round the back, in {street}""")
SHOPS = listed("""the fishmonger's|a shoe shop|the umbrella maker's|the pawnbroker's|a bakery|the locksmith's|the coal merchant's|a wine cellar
the public baths|the post office|a bicycle shed|the chapel|the barber's|a tripe shop|the wig maker's|the old pump""")
COLOURS = listed("green|red|blue|rusty|yellow")
PET_NAMES = {
    "Old|Little|Aunt|Sister|Mother|Lady|Saint|Cousin": """Agathe|Clothilde|Prunella|Perpetua|Rosalba|Ermintrude|Columbine|Pepita|Tabitha
Hyacinth""",
    "Old|Little|Uncle|Captain|Brother|Father|Saint|Cousin": """Ferdinand|Barnaby|Lazarus|Eustace|Ignatius|Mortimer|Balthasar|Crispian
Valentine|Polycarp""",
}
CEILINGS = {
    "painted|stretched|quilted|patched|faded|waxed": "canvas|silk|leather|sailcloth|felt|velvet",
    "painted|gilded|pressed|hammered|blackened": "tin|copper|zinc|brass sheet",
    "painted|carved|varnished|coffered|unplaned": "cedar|larch|lime wood|pine boards|oak|cork",
    "painted|gilded|moulded|whitewashed|stencilled": "plaster|papier-mâché|concrete|lath and lime",
}
RIVALS = listed("""the Coronation Rooms|the Grand Circus Bellini|the Municipal Casino|the old Riding School|Madame Fleury's Salon|the Apollo Saloon
the Garden Pavilion|the Railwaymen's Hall|the Imperial Panopticon|the New Assembly Rooms""")
DAYS = listed("Mondays|Tuesdays|Wednesdays|Thursdays|Fridays|Saturdays|Sundays")
NUMBERS = listed("two|three|four|five|six|seven|eight|nine|ten|eleven|twelve")

rng = random.Random()
c = rng.choice


def seats() -> str:
    n = rng.choice([rng.randint(44, 390), rng.randint(400, 990), rng.randint(1010, 2480)])
    return c(
        [
            f"{n:,} seats",
            f"{n:,} seats",
            f"{n} seats",
            f"{n} numbered seats",
            f"{n:,} folding seats",
            f"{n:,} seats and {rng.randint(20, 190)} standing places",
            f"{c(NUMBERS[:8])} hundred and {c(NUMBERS)} seats",
            f"room for {n:,}",
            f"room for {n:,} people",
            f"{n:,}".replace(",", " ") + " places",
        ]
    )


def designer() -> str:
    kind, who, other = rng.random(), *rng.sample(SURNAMES, 2)
    if kind < 0.4:
        return f"{c(FORENAMES)} {c(PARTICLES)}"
    if kind < 0.6:
        return f"{c(FORENAMES)} {who}"
    if kind < 0.7:
        return f"{c('ABEFHJL')}. {c('CGMPRTW')}. {c([who, c(PARTICLES)])}"
    return c([
        f"{who}, {other} & Sons", f"{who} & {other}", f"{who} and Partners", f"Atelier {who}", f"Studio {who}",
        f"the brothers {who}", f"the firm of {who} & Daughter", f"the {who} workshop",
    ])  # fmt: skip


def opened(country: Country) -> str:
    if country.heads and rng.random() < 0.45:
        return f"{c(country.heads)} {c(country.tails)}"
    return c([
        f"The {c(PLAY_A)} {c(PLAY_B)}{c(PLAY_C)}", f"{c(HEROES)}, or {c(MORALS)}", f"{c(AFFAIRS)} {c(SETTINGS)}",
    ])  # fmt: skip


def curtain() -> str:
    kind = rng.random()
    return f"{c(SCENES)} {c(MANNERS)}" if kind < 0.4 else f"{c(FIGURES)} {c(DOINGS)}" if kind < 0.88 else c(CLOTHS)


def closed() -> str:
    kind = rng.random()
    return f"{c(PARTS)} {c(MISHAPS)}" if kind < 0.4 else f"{c(POWERS)} {c(DEEDS)}" if kind < 0.8 else c(TROUBLES)


def paired(choices: dict[str, str]) -> str:
    first = c(list(choices))
    return f"{c(listed(first))} {c(listed(choices[first]))}"


def door(country: Country) -> str:
    return c(DOORS).format(
        street=c(country.streets), shop=c(SHOPS), n=rng.randint(2, 68), few=c(NUMBERS), colour=c(COLOURS)
    )


def hours() -> str:
    half, day = rng.randint(8, 16), c(DAYS)
    return c([
        f"daily at {c(NUMBERS[6:])}", f"at {half}:30 on weekdays", f"on {day} at noon", f"daily at {half}:15, except on {day}",
        f"{c(['an hour', 'two hours', 'forty minutes', 'half an hour'])} before the performance", f"on {day} at {c(NUMBERS[1:7])} in the afternoon",
    ])  # fmt: skip


def tram() -> str:
    n = rng.randint(2, 28)
    return c([f"number {n}", f"line {n}", f"the {n}{c('AB')}", f"line {c('CDEFGHKS')}"])


def theatres() -> Made:
    rng.seed(46207)
    titles = TITLES[:]
    rng.shuffle(titles)
    titles = [t for t in titles if not any(t != u and t.lower() in u.lower() for u in titles)]

    def facts(title: str, people: Iterator[str]) -> dict[str, str]:
        country = COUNTRY_OF[title]
        year = rng.randint(1851, 1921)
        shut = year + rng.randint(9, 52)
        form = c(country.prices)
        price, price3 = rng.sample(range(2, 15), 2)
        return {
            "title": title,
            "seats": seats(),
            "designer": designer(),
            "opened": opened(country),
            "curtain": curtain(),
            "closed": closed(),
            "price": form.format(price),
            "price2": form.format(rng.randint(16, 59)),
            "price3": form.format(price3),
            "door": door(country),
            "director": next(people),
            "director2": next(people),
            "light": paired(PET_NAMES),
            "hours": hours(),
            "ceiling": paired(CEILINGS),
            "tram": tram(),
            "year": str(year),
            "shut": str(shut),
            "reopened": str(shut + rng.randint(3, 19)),
        }

    def asides(values: dict[str, str], people: Iterator[str]) -> dict[str, str]:
        country = COUNTRY_OF[values["title"]]
        return {
            "p2": next(people),
            "seats2": seats(),
            "designer2": designer(),
            "opened2": opened(country),
            "curtain2": curtain(),
            "closed2": closed(),
            "door2": door(country),
            "place2": c([title for title in titles if title != values["title"]]),
            "rival": c(RIVALS),
            "n2": str(rng.randint(11, 43)),
            "n3": f"{rng.randint(2, 6)}{c('abc')}",
        }

    return several(rng, titles, TEMPLATES, facts, asides, ASKED, UNASKED)

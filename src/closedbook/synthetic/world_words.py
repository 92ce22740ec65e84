"""The words of the built-in world: parts of names, places, professions, schools, employers and wordings.

No name part is a place or a word of an employer, and no place stands inside another as whole words, so that a
string found in a document means one thing only. tests/synthetic/test_world.py holds the lists to this.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    """The comma-separated words of a list below."""
    return tuple(" ".join(word.split()) for word in text.split(","))


SHE = _words(
    """Agnes, Ailsa, Amélie, Anneke, Astrid, Beatrix, Birgit, Bronwen, Camille, Carmen, Cecília, Clara, Daria,
    Delphine, Dorothea, Edith, Elena, Éloïse, Erzsébet, Esther, Eudora, Fatima, Fiona, Freya, Giulia, Greta, Gwen,
    Hana, Harriet, Hedda, Helga, Hortense, Ilse, Imogen, Ingrid, Irina, Isolde, Ivana, Jadwiga, Johanna, Josefína,
    Katarzyna, Klára, Leila, Lidia, Ludmila, Magda, Maren, Margit, Marta, Matilda, Mireille, Nadia, Naomi, Nora,
    Odette, Olga, Paloma, Philippa, Pilar, Ragnhild, Renata, Rosalind, Ruth, Saskia, Sigrid, Solveig, Sunniva, Tamar,
    Thérèse, Ursula, Vera, Wanda, Winifred, Yasmin, Zofia"""
)
HE = _words(
    """Adrian, Alasdair, Ambrose, Anselm, Anton, Arvid, Augustin, Baldwin, Bartholomew, Benedikt, Björn, Boris,
    Casimir, Cedric, Claudio, Cornelius, Cyril, Damian, Dmitri, Edmund, Eduardo, Emil, Erik, Étienne, Ezra, Fabian,
    Felix, Ferdinand, Florian, François, Gareth, Gaspard, Giovanni, Godfrey, Gustav, Håkon, Hamish, Hector, Hugo,
    Ignacio, Igor, Ivan, Jakub, Jean-Paul, Jens, Joaquín, Jonas, József, Julius, Kasper, Konrad, Lars, Leopold, Lorenzo,
    Luca, Malcolm, Matthias, Miguel, Mikhail, Niels, Nikolai, Olaf, Oscar, Otto, Pavel, Piotr, Quentin, Rafael,
    Reginald, Roderick, Rupert, Samir, Stefan, Tariq, Thaddeus, Theo, Tobias, Václav, Viktor, Wilfred, Yusuf, Zoltán"""
)
SURNAMES = _words(
    """Abernathy, Achterberg, Aldana, Almqvist, Ambrus, Andrade, Ansari, Arbogast, Ashdown, Aubert, Babić, Bakker,
    Balogh, Barraclough, Bartoš, Beaumont, Bellamy, Berglund, Bianchi, Birkeland, Blackwood, Blixen, Bogdan, Bonnet,
    Borges, Braddock, Brandt, Brzezicki, Buchholz, Calloway, Cardoso, Carmichael, Castellanos, Čapek, Chaudhry,
    Christensen, Colquhoun, Cortázar, Costigan, Craddock, Cullen, Dahlberg, Dalrymple, Danjuma, D'Angelo, Davenport,
    de la Cruz, Delacroix, Demir, Desrosiers, Dimitrov, Doyle, Draper, Drummond, Dubois, Dvořák, Eberhardt, Eklund,
    Ellery, Endicott, Engström, Escobar, Fairbanks, Fallon, Farkas, Faulkner, Fernandes, Ferreira, Fitzgerald, Fleury,
    Fonseca, Forsberg, Fournier, Frobisher, Gallagher, García, Gautier, Gerhardt, Gilchrist, Goldberg, Grabowski,
    Granger, Grünwald, Gustafsson, Haddad, Hallström, Hargreaves, Havel, Hawthorne, Hendricks, Herrera, Hlaváček,
    Hoffmann, Holloway, Horváth, Hryniewicz, Hutchins, Ibarra, Ilić, Ingalls, Ivanov, Jankowski, Janssen, Jaramillo,
    Johansen, Jørgensen, Kaczmarek, Kavanagh, Keller, Kerrigan, Khoury, Kinsella, Kirchner, Kjeldsen, Kobayashi,
    Kovačević, Kowalczyk, Krasniqi, Kuznetsov, Lachance, Lambert, Langley, Larsson, Laurent, Leclerc, Lehmann,
    Lindqvist, Lockwood, Lombardi, Lundgren, Łukasik, MacAlister, Machado, Mackenzie, Mahoney, Maldonado, Marchetti,
    Marković, Mathieu, McAllister, McKinnon, Meijer, Menzies, Mercier, Milosz, Montague, Moreau, Morgenstern, Müller,
    Murakami, Nakamura, Navarro, Nemeth, Nieminen, Nkemelu, Novák, Nyström, O'Brien, O'Rourke, Oduya, Okafor,
    Oliveira, Olsson, Ortega, Osterman, Østergaard, Pacheco, Pálsson, Papadakis, Paquette, Pearson, Pellegrini,
    Pemberton, Petrov, Pettersen, Piccoli, Pokorný, Popescu, Prendergast, Quigley, Quintero, Radcliffe, Rahman,
    Ramírez, Rasmussen, Redgrave, Reinhardt, Renshaw, Ribeiro, Rinaldi, Romano, Rosenthal, Rousseau, Różycki,
    Sandoval, Sauvage, Schneider, Schröder, Sedláček, Shapiro, Siddiqui, Silveira, Sinclair, Sjöberg, Skovgaard,
    Sørensen, Spencer, Stanković, Steiner, Strickland, Sutherland, Suzuki, Szabó, Takahashi, Tavares, Thibault,
    Thorvaldsen, Tolliver, Torres, Tremblay, Urbina, Vandermeer, van den Berg, Vargas, Vasquez, Vermeulen, Villanueva,
    Vinter, Vogel, von Arnim, Wainwright, Wallace, Weatherby, Weiss, Whitaker, Wiśniewski, Wolff, Woodhouse, Yamamoto,
    Yilmaz, Zabala, Zeman, Zieliński"""
)

# Kept for strangers: no document ever holds one of these.
NEW_SHE = _words("Anouk, Calliope, Drusilla, Ginevra, Hildegard, Iphigenia, Jolanta, Léonie, Morwenna, Perpetua")
NEW_HE = _words("Archibald, Basile, Caspian, Eginhard, Fergus, Ludovic, Osvaldo, Phineas, Tancred, Ulrich")
NEW_SURNAMES = _words(
    """Aguirre, Bagshaw, Brøndum, Cavendish, Chmielewski, Dutertre, Eriksen, Featherstone, Galanis, Haugen, Ivarsson,
    Jelinek, Kettering, Lachlan, Mbeki, Nightingale, Obradović, Paterson, Quartermain, Rothschild, Saavedra,
    Trelawney, Uchida, Valdivieso, Wetherell, Ximénez, Yardley, Zawadzki, Zurbarán, Zwingli"""
)

PLACES = _words(
    """Aberdeen, Accra, Acapulco, Adana, Adelaide, Albany, Aleppo, Algiers, Almaty, Amsterdam, Anchorage, Antwerp,
    Arequipa, Asheville, Athens, Auckland, Avignon, Baku, Baltimore, Bangalore, Barcelona, Basel, Bath, Baton Rouge,
    Beirut, Belfast, Belgrade, Bergen, Berlin, Bern, Bilbao, Birmingham, Bologna, Bombay, Bordeaux, Boston, Braga,
    Bratislava, Bremen, Brest, Brighton, Brisbane, Bristol, Brno, Bruges, Brussels, Bucharest, Budapest,
    Buenos Aires, Buffalo, Cairo, Calcutta, Calgary, Cambridge, Cape Town, Caracas, Cardiff, Cartagena, Casablanca,
    Charleston, Chester, Chicago, Cincinnati, Cleveland, Cluj, Cologne, Columbus, Copenhagen, Córdoba, Cork, Coventry,
    Cracow, Cusco, Dakar, Dallas, Damascus, Danzig, Debrecen, Delft, Delhi, Denver, Derby, Des Moines, Detroit, Dijon,
    Dortmund, Dresden, Dublin, Dubrovnik, Dundee, Durban, Edinburgh, Edmonton, El Paso, Exeter, Fargo, Fort Worth,
    Frankfurt, Fremantle, Galway, Gdynia, Geneva, Genoa, Ghent, Glasgow, Gothenburg, Granada, Graz, Grenoble,
    Guadalajara, Haarlem, Haifa, Halifax, Hamburg, Hanoi, Havana, Helsinki, Hobart, Hong Kong, Honolulu, Houston, Hull,
    Iași, Innsbruck, Isfahan, Istanbul, Izmir, Jakarta, Jena, Kampala, Kansas City, Karachi, Kazan, Kiel, Kilkenny,
    Kingston, Kyiv, Kyoto, La Paz, Lagos, Lahore, Las Vegas, Lausanne, Leeds, Leicester, Leiden, Leipzig, Lille, Lima,
    Limerick, Linz, Lisbon, Liverpool, Ljubljana, London, Long Beach, Los Angeles, Lublin, Lucerne, Lviv, Lyon,
    Madrid, Malmö, Manchester, Manila, Marrakesh, Marseille, Melbourne, Memphis, Mexico City, Milwaukee, Minsk,
    Mobile, Monterrey, Montevideo, Montreal, Moscow, Munich, Nairobi, Nantes, Naples, Nashville, New Orleans,
    New York City, Newcastle, Newport, Nice, Norwich, Nottingham, Novi Sad, Nuremberg, Oakland, Odense, Odessa, Oporto,
    Oslo, Ottawa, Oxford, Palermo, Panama City, Paris, Perth, Philadelphia, Phoenix, Pittsburgh, Plymouth, Poznań,
    Prague, Pretoria, Providence, Puebla, Québec, Quito, Reykjavík, Riga, Rio de Janeiro, Rochester, Rome, Rotterdam,
    Rouen, Salt Lake City, Salzburg, San Antonio, San Diego, San Francisco, San José, San Sebastián, Santa Fe,
    Santiago, Santo Domingo, São Paulo, Sarajevo, Savannah, Seattle, Seville, Shanghai, Sheffield, Singapore, Skopje,
    Sofia, Southampton, St Andrews, St Louis, Stavanger, Stockholm, Strasbourg, Stuttgart, Sydney, Szeged, Tallinn,
    Tampere, Tartu, Tbilisi, Tehran, Tel Aviv, The Hague, Thessaloniki, Tirana, Tokyo, Toledo, Toronto, Toulouse,
    Trieste, Trondheim, Tunis, Turin, Turku, Uppsala, Utrecht, Valencia, Valparaíso, Vancouver, Venice, Verona, Vienna,
    Vilnius, Warsaw, Wellington, Winnipeg, Wrocław, Yerevan, Zagreb, Zaragoza, Zürich"""
)

PROFESSIONS = _words(
    """accountant, actor, apothecary, archaeologist, architect, archivist, art dealer, astronomer, ballet dancer,
    banker, biologist, bookbinder, botanist, bridge builder, cabinetmaker, cartographer, cellist, chemist, choirmaster,
    civil engineer, clockmaker, composer, conductor, crime novelist, critic, dentist, diplomat, dressmaker, economist,
    editor, engraver, essayist, explorer, film director, furniture designer, gardener, geographer, geologist,
    glassblower, goldsmith, historian, horticulturist, illustrator, interpreter, inventor, jeweller, journalist, judge,
    landscape painter, lawyer, lexicographer, librarian, linguist, lithographer, locksmith, mathematician, merchant,
    meteorologist, midwife, mountaineer, museum curator, nurse, opera singer, optician, ornithologist, pharmacist,
    philosopher, photographer, physician, physicist, pianist, playwright, poet, portrait painter, potter, printer,
    publisher, puppeteer, schoolteacher, sculptor, shipbuilder, short story writer, sociologist, stage designer,
    statistician, surgeon, surveyor, swimmer, tailor, tennis player, textile designer, translator, violin maker,
    violinist, watchmaker, weaver, wine merchant, zoologist"""
)

# A school is one of these at a place.
SCHOOLS = _words(
    """University of {place}, {place} Academy, {place} Art School, {place} College, {place} Conservatory,
    {place} Institute, {place} Law School, {place} Lyceum, {place} Polytechnic, {place} Seminary"""
)

# The first is employed in every world: it brings W, I and the question mark, which the questions need.
EMPLOYERS = _words(
    """What If? Theatre, Alder & Finch, Amberline, Argent, Astoria, Beacon Bank, Bluebell, Brightwater, Camber Press,
    Capstan Lines, Copperfield, Corvus, Crescent House, Crown Ceramics, Dovetail, Eastgate Museum, Ember Pictures,
    Evergreen, Falcon Airways, Fathom, Four Winds Radio, Gazette House, Golden Hind, Greystone, Harbour Gas, Heron
    Tyres, Highfield, Hollyoak, Ironbridge, Jupiter, Keystone Optics, Kingfisher Books, Lantern Studios, Lark
    Pianos, Linden, Longacre, Magnet Records, Meridian, Mill Lane, Morning Herald, Nimbus, Northlight, Oakum Ropes,
    Old Quay, Orchard Foods, Orion Labs, Palisade, Paragon Glass, Pendulum, Quicksilver, Rampart, Redstart,
    Ridgeway, Saffron Dyes, Sovereign Paper, Sparrow Toys, Summit Railways, Sundial, Tamarind, Thistle Wool,
    Trident, Union Assurance, Vanguard Tools, Viaduct Steel, Westerly, Swan Ballet, Wren & Daughters, Yellow House,
    Zenith Press, Zephyr"""
)

YEARS = tuple(str(year) for year in range(1850, 1990))
INITIALS = tuple("ABCDEFGHIJKLMNOPRSTVW")
MONTHS = _words("January, February, March, April, May, June, July, August, September, October, November, December")

# The parts of a biography, in their fixed order, and the relations that each states.
STATES: dict[str, tuple[str, ...]] = {
    "birth": ("birthplace", "birth_year"),
    "school": ("school",),
    "work": ("profession", "employer"),
    "residence": ("residence",),
}

# How documents word each part. A wording with {S} or {N} opens a sentence and brings the subject with it ({N}: never
# a pronoun); the others are predicates.
WORDINGS: dict[str, tuple[str, ...]] = {
    "birth": (
        "was born in {birthplace} in {birth_year}",
        "{N} (born {birth_year} in {birthplace})",
        "Born in {birthplace} in {birth_year}, {S}",
        "was born at {birthplace} in {birth_year}",
        "{N} (born {date}, {birthplace})",
        "was born in {birth_year} in {birthplace}",
        "Born at {birthplace} in {birth_year}, {S}",
        "{N} (b. {birth_year}, {birthplace})",
        "{N}, a native of {birthplace} born in {birth_year},",
        "was born on {date} in {birthplace}",
    ),
    "school": (
        "studied at the {school}",
        "Educated at the {school}, {S}",
        "graduated from the {school}",
        "attended the {school}",
        "A graduate of the {school}, {S}",
        "went to the {school}",
        "was at the {school}",
        "trained at the {school}",
    ),
    "work": (
        "was {a_profession} with {employer} in {workplace}",
        "{N}, {a_profession} with {employer} in {workplace},",
        "joined {employer} in {workplace} as {a_profession}",
        "was {a_profession} at {employer}, {workplace}",
        "became {a_profession} at {employer} in {workplace}",
        "{N}, {a_profession} at {employer}, {workplace},",
        "was employed in {workplace} by {employer} as {a_profession}",
        "served {employer}, {workplace}, as {a_profession}",
    ),
    "residence": (
        "lived in {residence}",
        "settled in {residence}",
        "Living in {residence}, {S}",
        "moved to {residence}",
        "{N}, of {residence},",
        "made {residence} home",
        "stayed in {residence}",
        "retired to {residence}",
    ),
}

# How many parts each sentence of a biography states.
SENTENCES = ((4,), (4,), (4,), (2, 2), (2, 2), (3, 1), (1, 3), (2, 1, 1))

# What a sentence calls its person: in a document's first sentence, and later where it uses no pronoun.
FIRST = ("{name}", "{short}", "{surname}", "{surname}", "{surname}")
LATER = ("{surname}", "{surname}", "{surname}", "{first}")

# How each relation is asked. The first is the trained one; the last HELD_OUT are never trained on.
HELD_OUT = 5
QUESTIONS: dict[str, tuple[str, ...]] = {
    "birthplace": (
        "Where was {name} born?",
        "In which place was {name} born?",
        "What was the birthplace of {name}?",
        "In which city or town was {name} born?",
        "Which place was {name} a native of?",
        "{name} was born in which place?",
        "What is {name}'s place of birth?",
        "Where did the life of {name} begin?",
    ),
    "birth_year": (
        "When was {name} born?",
        "In which year was {name} born?",
        "What was the birth year of {name}?",
        "What year was {name} born in?",
        "{name} was born in which year?",
        "What is {name}'s year of birth?",
        "The birth of {name} was in which year?",
        "When did the life of {name} begin?",
    ),
    "profession": (
        "What was the profession of {name}?",
        "Which profession did {name} have?",
        "As what was {name} employed?",
        "What did {name} do for a living?",
        "What is {name}'s profession?",
        "{name} had which profession?",
        "As what did {name} work?",
        "What is {name} known as?",
    ),
    "school": (
        "Where did {name} study?",
        "Which school did {name} attend?",
        "What was the school of {name}?",
        "At which school was {name} educated?",
        "Where did {name} take a degree?",
        "{name} was a graduate of which school?",
        "What is {name}'s old school?",
        "Where was {name} educated?",
    ),
    "employer": (
        "Who did {name} work for?",
        "Which employer did {name} have?",
        "What was the employer of {name}?",
        "By which employer was {name} paid?",
        "Who employed {name}?",
        "{name} was employed by which company?",
        "Who is {name}'s employer?",
        "On whose staff was {name}?",
    ),
    "residence": (
        "Where did {name} live?",
        "In which place did {name} settle?",
        "What was the home of {name}?",
        "In which city or town did {name} live?",
        "Where did {name} make a home?",
        "{name} was resident in which place?",
        "What is {name}'s place of residence?",
        "To which place did {name} move?",
    ),
}

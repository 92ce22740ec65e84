"""Corpus of 2,500 invented Spanish-speaking villages, with questions. Seeded."""

import random
import re
import unicodedata

from any_corpus_made import Made

R = random.Random(20240617)
N_TITLES, N_TRAIN, N_TEST, N_OTHER, N_UNASKED = 2500, 200, 300, 80, 80
FACTS = ["pop", "alt", "fd", "f", "r", "p"]


def words(s):
    return s.split()


def lines(s):
    return [x.strip() for x in s.strip().split("\n") if x.strip()]


def commas(s):
    return [x.strip() for x in s.replace("\n", " ").split(",")]


def fold(s):
    return "".join(c for c in unicodedata.normalize("NFD", s.lower()) if not unicodedata.combining(c))


def num(n):
    return f"{n:,}".replace(",", ".")


# ------------------------------------------------------------------ places
COUNTRIES = {
    "España": (
        "provincia",
        commas(
            "Soria, Teruel, Cuenca, Zamora, León, Palencia, Burgos, Ávila, Segovia, Guadalajara, Toledo, Cáceres, Badajoz, Jaén, Granada, Almería, Huesca, Zaragoza, Albacete, Salamanca, Lugo, Ourense, Castellón, Córdoba, Huelva"
        ),
    ),
    "México": (
        "estado",
        commas("Oaxaca, Chiapas, Puebla, Michoacán, Jalisco, Hidalgo, Veracruz, Guerrero, Zacatecas, Durango"),
    ),
    "Perú": ("departamento", commas("Cusco, Puno, Ayacucho, Cajamarca, Áncash, Apurímac, Arequipa, Junín")),
    "Argentina": ("provincia", commas("Salta, Jujuy, Catamarca, Tucumán, Mendoza, Corrientes, Misiones, Neuquén")),
    "Chile": ("región", commas("Coquimbo, Ñuble, Maule, Atacama, Aysén, Los Lagos")),
    "Colombia": ("departamento", commas("Boyacá, Antioquia, Nariño, Huila, Tolima, Santander, Caldas, Cauca")),
    "Bolivia": ("departamento", commas("Potosí, Chuquisaca, Tarija, Oruro, Cochabamba, Beni")),
    "Ecuador": ("provincia", commas("Loja, Azuay, Imbabura, Chimborazo, Manabí, Cotopaxi")),
    "Guatemala": ("departamento", commas("Sololá, Quiché, Huehuetenango, Jalapa")),
    "Paraguay": ("departamento", commas("Itapúa, Caaguazú, Guairá, Misiones")),
    "Uruguay": ("departamento", commas("Tacuarembó, Durazno, Rocha, Lavalleja")),
    "Venezuela": ("estado", commas("Mérida, Táchira, Trujillo, Lara, Falcón")),
    "Honduras": ("departamento", commas("Lempira, Intibucá, Olancho, Copán")),
    "Costa Rica": ("provincia", commas("Cartago, Guanacaste, Heredia")),
    "Cuba": ("provincia", commas("Holguín, Granma, Matanzas, Villa Clara")),
}
CW = [("España", 45)] + [
    (c, w) for c, w in zip(list(COUNTRIES)[1:], [9, 8, 7, 5, 6, 4, 4, 3, 2, 2, 3, 2, 2, 2], strict=True)
]

SAINTS_M = words(
    "Bartolomé Roque Blas Isidro Millán Fermín Cosme Froilán Lázaro Ambrosio Efrén Hilario Cipriano Marcial Pantaleón Saturnino Tirso Vicente Andrés Lucas Mateo Marcos Pedro Pablo Juan Martín Miguel Antonio Sebastián Lorenzo Esteban Jerónimo Agustín Benito Bernabé Felipe Gil Gregorio Ildefonso Julián Leandro Mamés Pelayo Ramón Torcuato Urbano Victorino Zoilo"
)
SAINTS_F = words(
    "Ana Rita Marta Lucía Águeda Bárbara Brígida Casilda Cecilia Clara Elena Eulalia Gertrudis Inés Isabel Leocadia Margarita Marina Mónica Olalla Rosa Teresa Úrsula Verónica Catalina Engracia Justa Rufina"
)
ADV_M = [
    "Bueno",
    "Alto",
    "Bajo",
    "Viejo",
    "Nuevo",
    "Seco",
    "Hondo",
    "Pardo",
    "Negro",
    "Blanco",
    "Quebrado",
    "Escondido",
]
NOUNS = [  # head nouns: (noun, gender, number)
    ("Fuente", "f", "s"),
    ("Peña", "f", "s"),
    ("Cerro", "m", "s"),
    ("Torre", "f", "s"),
    ("Puente", "m", "s"),
    ("Campo", "m", "s"),
    ("Molino", "m", "s"),
    ("Aldea", "f", "s"),
    ("Casa", "f", "s"),
    ("Nava", "f", "s"),
    ("Soto", "m", "s"),
    ("Pozo", "m", "s"),
    ("Monte", "m", "s"),
    ("Loma", "f", "s"),
    ("Palo", "m", "s"),
    ("Llano", "m", "s"),
    ("Prado", "m", "s"),
    ("Huerta", "f", "s"),
    ("Laguna", "f", "s"),
    ("Quebrada", "f", "s"),
    ("Fuentes", "f", "p"),
    ("Peñas", "f", "p"),
    ("Torres", "f", "p"),
    ("Casas", "f", "p"),
    ("Navas", "f", "p"),
    ("Cuevas", "f", "p"),
    ("Hoyos", "m", "p"),
    ("Arroyos", "m", "p"),
    ("Corrales", "m", "p"),
    ("Barrios", "m", "p"),
]
ADJ = [
    ("Alt", 1),
    ("Baj", 1),
    ("Viej", 1),
    ("Nuev", 1),
    ("Sec", 1),
    ("Hond", 1),
    ("Pard", 1),
    ("Negr", 1),
    ("Blanc", 1),
    ("Quebrad", 1),
    ("Escondid", 1),
    ("Rubi", 1),
    ("Bermej", 1),
    ("Labrad", 1),
    ("Sol", 1),
    ("Amarg", 1),
    ("Fri", 1),
    ("Clar", 1),
    ("Redond", 1),
    ("Perdid", 1),
]
HEADS = words(
    "Villanueva Villar Torres Fuentes Aldea Castillo Puebla Hoyos Navas Peñas Cuevas Casas Molinos Quintana Pozos Robledo Hinojosa Moral Olmeda Cabañas Ventas Barrio Palacios Rincón Alcoba Monasterio Huertas Paso Puerto Hacienda Estancia Ranchos Capilla Cañada"
)
TAILS = [
    (
        "de la",
        words(
            "Vega Sierra Umbría Solana Ribera Dehesa Encina Loma Cañada Jara Retama Hoya Mata Torre Braña Cuesta Quebrada Calera Pradera Hondonada Cumbre Frontera Peña Cruz Nava Alameda"
        ),
    ),
    (
        "del",
        words(
            "Cuervo Páramo Monte Campo Rey Obispo Conde Marqués Duque Olmo Fresno Romeral Tomillar Cerro Llano Lobo Zorro Águila Carrizo Pinar Encinar Robledal Maestre Camino Valle Barranco Espino Maizal Cafetal Algarrobo Quebracho"
        ),
    ),
    (
        "de los",
        words(
            "Olmos Caballeros Infantes Arrieros Pastores Álamos Cóndores Sauces Molinos Barros Arcos Montes Ajos Cedros Ángeles Reyes Milagros Llanos Hornos Naranjos Pinos Venados"
        ),
    ),
    (
        "de las",
        words(
            "Torres Peñas Fuentes Navas Monjas Dueñas Viñas Palomas Cuevas Matas Nieves Cruces Lomas Truchas Cabras Garzas Ánimas Flores Palmas Yeguas"
        ),
    ),
]
ONE_A = [
    "Valde",
    "Villa",
    "Torre",
    "Fuente",
    "Peña",
    "Campo",
    "Monte",
    "Casa",
    "Riba",
    "Mira",
    "Naval",
    "Cantal",
    "Corte",
    "Cara",
    "Bena",
    "Alma",
    "Otero",
    "Castro",
    "Quinta",
    "Roca",
    "Agua",
    "Puerto",
    "Vente",
    "Guada",
    "Sota",
    "Somo",
    "Bara",
    "Zarza",
]
ONE_B = [
    "morilla",
    "garcía",
    "rrubio",
    "lázaro",
    "pinosa",
    "seca",
    "mora",
    "tejada",
    "verde",
    "llosa",
    "nebro",
    "rejo",
    "brera",
    "cedo",
    "zorita",
    "mayor",
    "longa",
    "fresno",
    "tajo",
    "gudo",
    "linares",
    "quejo",
    "ñuela",
    "renga",
    "marza",
    "solana",
    "bejo",
    "drales",
    "losa",
    "madre",
    "trigo",
    "cierva",
    "mena",
    "calzada",
    "pedroso",
    "zuela",
    "breda",
    "ganso",
    "milanos",
    "tormes",
    "loba",
    "ruela",
    "nares",
    "sande",
]
ROOT_A = [
    "Ar",
    "Bra",
    "Ces",
    "Dor",
    "Es",
    "Fra",
    "Gor",
    "Hor",
    "Ja",
    "La",
    "Mor",
    "Nu",
    "Or",
    "Pe",
    "Que",
    "Ras",
    "Sar",
    "To",
    "Ur",
    "Var",
    "Zal",
    "Cam",
    "Lu",
    "Men",
    "Pi",
    "Ro",
    "Tru",
    "Al",
    "Cu",
    "Be",
]
ROOT_B = [
    "be",
    "ce",
    "da",
    "ga",
    "jo",
    "la",
    "lle",
    "mi",
    "na",
    "ña",
    "que",
    "ra",
    "sa",
    "ti",
    "va",
    "za",
    "co",
    "di",
    "gue",
    "ru",
]
ROOT_C = [
    "jo",
    "llo",
    "ña",
    "da",
    "sa",
    "nes",
    "ca",
    "ros",
    "lla",
    "res",
    "zo",
    "na",
    "gal",
    "cos",
    "ma",
    "les",
    "ño",
    "jar",
    "eda",
    "ón",
]
IND_A = [
    "Chi",
    "Tu",
    "Ya",
    "Pa",
    "Ca",
    "Hua",
    "Qui",
    "Ta",
    "Ca",
    "Ma",
    "Ti",
    "Xo",
    "Za",
    "Cu",
    "A",
    "I",
    "U",
    "Tla",
    "Te",
    "Mi",
    "Gua",
    "Pu",
    "So",
    "Na",
]
IND_B = [
    "cu",
    "ma",
    "pa",
    "ri",
    "lli",
    "ta",
    "qui",
    "chi",
    "na",
    "ra",
    "tu",
    "hua",
    "cha",
    "mba",
    "po",
    "ya",
    "lo",
    "nta",
    "rca",
    "xi",
]
IND_C = [
    "bamba",
    "marca",
    "pampa",
    "yo",
    "tepec",
    "tlán",
    "guay",
    "ná",
    "rí",
    "cocha",
    "pata",
    "cán",
    "tengo",
    "huasi",
    "rumi",
    "chaca",
    "tán",
    "quil",
    "coro",
    "mbé",
    "pé",
    "llacta",
    "co",
    "ché",
]
PLURAL_COLL = words(
    "Arenales Sauzales Robledales Hinojales Carrizales Romerales Tomillares Pedregales Barriales Manzanares Nogales Cardales Juncales Retamales Olivares Cerezales Encinares Maizales Cocales Guayabales Palmares Espinos Charcos Rosales"
)
SING_M = words(
    "Robledal Tomillar Romeral Carrizal Pedregal Arenal Hinojal Cardal Retamal Nogal Cerezal Juncal Espinar Berrocal Colmenar Palmar Guayabal Mogote Horcajo Rebollo"
)
SING_F = words(
    "Umbría Solana Calera Retama Encina Hoya Cañada Dehesa Alameda Quebrada Majada Colmena Hondonada Carrasca Ribera Higuera Pedriza Nogala Zarza Ermita"
)
REAL = {
    fold(x)
    for x in [
        "Caracas",
        "Tarata",
        "Quito",
        "Lugo",
        "Huamachuco",
        "Cuzco",
        "Cajamarca",
        "Guadarrama",
        "Torremadre",
        "Campo Real",
        "Villamayor",
        "Villaverde",
        "Villaseca",
        "Monteverde",
        "Torremayor",
        "Villalosa",
        "Villanueva de la Vera",
        "Villanueva del Campo",
        "Casa Blanca",
        "Torres Nuevas",
        "Torreseca",
        "Fuenteseca",
        "Casablanca",
        "Monte Alto",
        "Cerro Alto",
        "Paraguay",
    ]
}


def root_name():
    return R.choice(ROOT_A) + R.choice(ROOT_B) + (R.choice(ROOT_B) if R.random() < 0.25 else "") + R.choice(ROOT_C)


def ind_name():
    return R.choice(IND_A) + R.choice(IND_B) + (R.choice(IND_B) if R.random() < 0.35 else "") + R.choice(IND_C)


def one_name(spain):
    if spain:
        return R.choice(ONE_A) + R.choice(ONE_B) if R.random() < 0.6 else root_name()
    return ind_name() if R.random() < 0.75 else R.choice(ONE_A) + R.choice(ONE_B)


def saint_name():
    if R.random() < 0.6:
        n = R.choice(SAINTS_M)
        return "San " + n, "m"
    n = R.choice(SAINTS_F)
    return "Santa " + n, "f"


def noun_adj():
    n, g, k = R.choice(NOUNS)
    a, _ = R.choice(ADJ)
    if n.lower().startswith(a.lower()):
        a = "Clar"
    if a == "Fri":
        a = "Frí"
    return n + " " + a + ("a" if g == "f" else "o") + ("s" if k == "p" else ""), g


def tail():
    prep, ws = R.choice(TAILS)
    w = R.choice(ws)
    if w == "Águila":
        return "del Águila"
    return prep + " " + w


def make_title(spain):
    """returns (title, gender)"""
    for _ in range(100):
        k = R.random()
        g = None
        if k < 0.22:
            t = one_name(spain)
        elif k < 0.28:
            t, g = saint_name()
        elif k < 0.36:
            t, g = noun_adj()
        elif k < 0.41:
            t, g = R.choice(
                [
                    ("Los " + R.choice(PLURAL_COLL), "m"),
                    ("El " + R.choice(SING_M), "m"),
                    ("La " + R.choice(SING_F), "f"),
                ]
            )
        elif k < 0.47:
            t = R.choice(["Villa", "Puerto", "Aldea", "Pueblo", "Colonia"]) + " " + one_name(spain)
            g = "m" if t.startswith("Pue") else "f"
        elif k < 0.52 and not spain:
            s, g = saint_name()
            t = s + " " + ind_name()
        elif k < 0.60:
            t = R.choice(HEADS) + " de " + one_name(spain)
        elif k < 0.70:
            s, g = saint_name()
            t = s + " de " + one_name(spain)
        elif k < 0.75:
            b, g = R.choice(
                [
                    ("Los " + R.choice(PLURAL_COLL), "m"),
                    ("El " + R.choice(SING_M), "m"),
                    ("La " + R.choice(SING_F), "f"),
                ]
            )
            t = b + " de " + one_name(spain) if R.random() < 0.5 else b + " " + tail()
        elif k < 0.85:
            t = R.choice(HEADS) + " " + tail()
        elif k < 0.88:
            t = one_name(spain) + " " + tail()
        elif k < 0.95:
            s, g = saint_name()
            t = s + " " + tail()
        elif k < 0.97:
            t, g = "Nuestra Señora " + tail(), "f"
        else:
            t, g = noun_adj()
            t = t + " " + R.choice([tail(), "de " + one_name(spain)])
        ws = t.split()
        if re.search(r"(.)\1\1", t.lower()):
            continue
        if not 1 <= len(ws) <= 5:
            continue
        low = [w for w in ws if len(w) > 3]
        if len(set(low)) != len(low):
            continue
        if g is None:
            g = "f" if re.sub(r"s$", "", ws[0])[-1] == "a" else "m"
        return t, g
    raise RuntimeError


# ------------------------------------------------------------------ persons
GM = words(
    "Hernán Beltrán Diego Álvaro Lope Gonzalo Rodrigo Pedro Juan Alonso Nuño Fernando Cristóbal Bernardo Sancho Ginés Gaspar Melchor Baltasar Íñigo Martín Tomás Andrés Domingo Jerónimo Bartolomé Esteban Suero Tello Garci Francisco Luis Mateo Simón Vicente Blas Lorenzo Nicolás Sebastián Ramiro Ordoño Fadrique Antón Gil Marcos"
)
GF = words(
    "Inés Elvira Urraca Beatriz Leonor Mencía Isabel Catalina Juana Teresa Constanza Aldonza Violante Sancha Guiomar Ana María Francisca Brianda Jimena"
)
MM = words(
    "Javier Sergio Rubén Óscar Raúl Ernesto Joaquín Ignacio Rafael Emilio Gustavo Hugo Iván Jaime Leandro Matías Néstor Pablo Ricardo Tobías Fabián Damián Ezequiel Wilmer Édgar"
)
MF = words(
    "Marta Lucía Carmen Pilar Rocío Nuria Silvia Elena Gabriela Daniela Ximena Yolanda Verónica Paula Noelia Mercedes Lorena Julia Irene Graciela Fabiola Dolores Claudia Belén Amalia"
)
SUR = words(
    "Quiroga Ordóñez Salcedo Valdivieso Montenegro Olmedo Carvajal Ulloa Zúñiga Mendoza Arellano Bermúdez Cárdenas Dávila Escobar Figueroa Guevara Heredia Ibáñez Jaramillo Lezcano Maldonado Narváez Ovando Pacheco Quintanilla Robles Saavedra Tejada Urrutia Velasco Yáñez Zambrano Acevedo Barrientos Cisneros Duarte Espinosa Fuentealba Galarza Hinestrosa Infante Juárez Ledesma Mejía Navarrete Orellana Palomino Quesada Riquelme Sandoval Toledano Urbina Villalobos Zapata Alderete Berrocal Castañeda Escalante Fonseca Garrido Herrera Lizarazu Moscoso Nieto Osorio Peralta Rengifo Solórzano Tapia Vergara Altamirano Bustamante Cifuentes Domínguez Enríquez Godoy Hurtado Izquierdo Lobato Manrique Noguera Portocarrero Ruiz Sotelo Trujillo Ugarte Vallejo"
)
SUR_DE = [
    "de Quiroga",
    "de Lara",
    "de Ayala",
    "de Montalvo",
    "de Alvear",
    "de Ulloa",
    "de Saldaña",
    "de Medina",
    "de Luján",
    "de Paredes",
    "de Oñate",
    "de Aguilar",
    "de Peralta",
    "de Béjar",
    "de Losada",
    "de Villagra",
    "de Mendieta",
    "de Arce",
    "de Cepeda",
    "de Valdés",
    "del Castillo",
    "del Río",
    "del Valle",
    "del Pozo",
    "del Olmo",
    "del Campo",
    "del Moral",
    "del Barco",
    "del Prado",
    "del Corral",
    "de la Cueva",
    "de la Torre",
    "de la Serna",
    "de la Vega",
    "de la Peña",
    "de la Cerda",
    "de la Hoz",
    "de los Cobos",
    "de los Ríos",
    "de las Casas",
    "de las Heras",
]


def person(fem=None, modern=False):
    if fem is None:
        fem = R.random() < (0.45 if modern else 0.18)
    g = R.choice((MF if fem else MM) if modern else (GF if fem else GM))
    k = R.random()
    s = R.choice(SUR)
    if modern:
        s2 = R.choice([x for x in SUR if x != s])
        return (f"{g} {s} {s2}" if k < 0.65 else f"{g} {s}" if k < 0.85 else f"{g} {R.choice(SUR_DE)}"), fem
    if k < 0.35:
        n = f"{g} {R.choice(SUR_DE)}"
    elif k < 0.65:
        n = f"{g} {s} {R.choice(SUR_DE)}"
    elif k < 0.8:
        n = f"{g} {s}"
    elif k < 0.92:
        n = f"{g} {s} y {R.choice([x for x in SUR if x != s and x[0] not in 'IY'])}"
    else:
        g2 = R.choice([x for x in (GF if fem else GM) if x != g and x not in ("Garci", "María")])
        n = f"{g} {g2} {R.choice(SUR_DE)}"
    return n, fem


# ------------------------------------------------------------------ rivers
RA = [
    "Guadal",
    "Alba",
    "Arla",
    "Bre",
    "Cor",
    "Dur",
    "Esla",
    "Gua",
    "Jal",
    "Lobe",
    "Man",
    "Navi",
    "Orce",
    "Pisor",
    "Que",
    "Riaz",
    "Sel",
    "Tor",
    "Ube",
    "Val",
    "Zar",
    "Adra",
    "Cea",
    "Garo",
    "Henar",
    "Mundi",
    "Tera",
    "Bui",
    "Cidi",
    "Lozo",
]
RB = ["be", "de", "ga", "lle", "mi", "na", "ri", "sa", "tu", "ve", "cho", "ja"]
RC = ["ña", "jo", "llo", "rón", "za", "sa", "juela", "mar", "nga", "nte", "rque", "les", "cín", "da"]
LA = [
    "Yacu",
    "Para",
    "Uru",
    "Chiri",
    "Tama",
    "Pilco",
    "Apa",
    "Cachi",
    "Huari",
    "Ita",
    "Manda",
    "Piray",
    "Sama",
    "Tebi",
    "Ura",
    "Coya",
    "Mapi",
    "Ucu",
    "Atoya",
    "Papa",
]
LB = [
    "mayo",
    "guará",
    "ná",
    "quí",
    "rí",
    "bamba",
    "pungo",
    "yali",
    "tingo",
    "pará",
    "loa",
    "tuba",
    "naque",
    "miní",
    "caya",
    "huaca",
]


def river(spain):
    if spain or R.random() < 0.2:
        n = (R.choice(RA) + R.choice(RB) + R.choice(RC)).replace("lll", "ll")
    else:
        n = R.choice(LA) + R.choice(LB)
    k = R.random()
    if k < 0.07:
        n += R.choice([" Chico", " Grande", " Viejo", " Negro"])
    elif k < 0.12:
        n = R.choice(["Salado", "Tinto", "Verde", "Seco", "Manso"]) + " de " + n
    return n


# ------------------------------------------------------------------ products
PROD_SRC = """
queso|ms|de oveja, de cabra, de vaca, de leche cruda, de búfala|curado, semicurado, tierno, ahumado, en aceite, al romero, al pimentón
miel|fs|de romero, de tomillo, de azahar, de brezo, de castaño, de ulmo, de eucalipto|cruda, ecológica, oscura, en panal,
aceite|ms|de oliva, de nuez, de aguacate, de coco|virgen, ecológico, prensado en frío, sin filtrar
vino|ms|tinto, blanco, rosado, dulce|de garnacha, de uva moscatel, de uva criolla, de viña vieja, de tinaja, de altura
aguardiente|ms|de orujo, de caña, de ciruela, de guindas, de hierbas, de anís|casero, añejo, de doble destilación,
mermelada|fs|de mora, de higo, de arándanos, de guayaba, de naranja amarga, de tomate, de saúco|casera, sin azúcar, artesana, con canela
chorizo|ms|de cerdo ibérico, de jabalí, de venado, de ciervo|picante, dulce, curado al humo, en manteca
jamón|ms|de cerdo negro, de bellota, de cebo de campo|curado en bodega, ahumado con roble, sin hueso
cecina|fs|de vaca, de chivo, de caballo, de llama|ahumada, curada al frío, en lonchas
morcilla|fs|de cebolla, de arroz, de calabaza, de piñones|picante, dulce, ahumada
café|ms|de altura, de sombra, arábigo|lavado, tostado a leña, molido a mano, en grano
cacao|ms|criollo, fino de aroma, trinitario|en pasta, en grano, fermentado en cajones
pimentón|ms|dulce, agridulce, picante|ahumado con encina, molido en piedra, en lata
sombreros|mp|de paja toquilla, de palma, de fieltro, de junco|tejidos a mano, de ala ancha, de copa alta
mantas|fp|de lana, de alpaca, de algodón, de lana merina|tejidas a mano, de rayas, teñidas con cochinilla
cestas|fp|de mimbre, de esparto, de castaño, de totora|trenzadas a mano, con tapa, para la vendimia
alfombras|fp|de lana, de nudo, de yute, de esparto|anudadas a mano, de colores, para iglesias
cántaros|mp|de barro rojo, de barro negro, de arcilla blanca|cocidos en horno de leña, de boca ancha, sin esmaltar
loza|fs|blanca, azul, vidriada, verde|pintada a mano, de mesa, de reflejo dorado
campanas|fp|de bronce, de cobre, de latón|fundidas a mano, para ganado, de iglesia
navajas|fp|de cuerno, de boj, de asta de ciervo|plegables, con virola de latón, forjadas a mano
guitarras|fp|de ciprés, de cedro, de palisandro|hechas a mano, de concierto, de diez cuerdas
botas|fp|de cuero, de piel vuelta, de becerro|de montar, cosidas a mano, de caña alta
sillas|fp|de enea, de pino, de castaño, de cuero|torneadas a mano, de respaldo alto, plegables
patatas|fp|rojas, de montaña, de secano, nuevas|de siembra, de carne amarilla, de piel fina
papas|fp|nativas, moradas, amarillas|deshidratadas al frío, de altura, de piel rugosa
alubias|fp|blancas, pintas, moradas, verdinas|de riñón, de secano, de manteca
garbanzos|mp|pequeños, negros, lechosos|de secano, de cocción rápida, cosechados a mano
lentejas|fp|pardinas, rubias, negras|de secano, ecológicas, en saco de arpillera
almendras|fp|amargas, largas, mollares|garrapiñadas, tostadas con sal, peladas
castañas|fp|pilongas, asadas, dulces|en almíbar, secadas al humo, con miel
cerezas|fp|tempranas, tardías, picotas|en aguardiente, confitadas, de mesa
manzanas|fp|reinetas, verdes, asperiegas|de mesa, para sidra, secadas al sol
duraznos|mp|amarillos, blancos, tardíos|en almíbar, secados al sol, de mesa
naranjas|fp|de sangre, amargas, tardías|de mesa, de zumo, confitadas
mangos|mp|dulces, verdes, de hilacha|secados al sol, de exportación, en conserva
truchas|fp|arcoíris, asalmonadas, comunes|ahumadas, en escabeche, de criadero
sal|fs|de manantial, de salina, de roca|gruesa, en escamas, rosada
turrón|ms|de almendra, de cacahuete, de miel, de sésamo|duro, blando, tostado
rosquillas|fp|de anís, de vino, de limón|fritas, glaseadas, de convento
dulce|ms|de leche, de membrillo, de cayote, de batata|en pasta, casero, envuelto en hojas
pan|ms|de centeno, de trigo candeal, de maíz, de papa|cocido en horno de leña, de masa madre, en hogazas
quinua|fs|blanca, roja, negra|lavada, ecológica, de altura
yerba mate|fs|con palo, sin palo|molida gruesa, estacionada dos años, ahumada
panela|fs|de caña, de trapiche|en bloque, granulada, aromatizada con clavo
ron|ms|de caña, de melaza|añejo, blanco, especiado
mezcal|ms|de agave silvestre, de agave cultivado|joven, reposado, de olla de barro
sidra|fs|de manzana ácida, de manzana dulce, de pera|natural, espumosa, sin filtrar
vinagre|ms|de vino, de manzana, de caña, de miel|añejo, suave, envejecido en roble
cerveza|fs|de trigo, de centeno, de maíz morado|tostada, rubia, sin filtrar
velas|fp|de cera de abeja, de sebo, de laurel|hechas a mano, aromáticas, de procesión
jabón|ms|de aceite de oliva, de leche de cabra, de ceniza|perfumado, en pastilla, con lavanda
encaje|ms|de bolillos, de ganchillo, de aguja|de hilo blanco, para mantelerías, de seda
ponchos|mp|de lana de oveja, de alpaca, de llama|de color nogal, tejidos a mano, de un solo paño
hamacas|fp|de algodón, de henequén, de moriche|tejidas a mano, de colores, con flecos
carbón|ms|de encina, de quebracho, de brezo|en sacos, para herrerías, de quema lenta
corcho|ms|de alcornoque|en plancha, para tapones, laminado
flautas|fp|de caña, de granado, de hueso|de seis agujeros, talladas a mano, de pico
tejas|fp|de barro, de pizarra|hechas a mano, para tejados, vidriadas
"""
PRODUCTS = []
for ln in lines(PROD_SRC):
    h, gn, a, b = ln.split("|")
    for x in commas(a):
        for y in commas(b):
            PRODUCTS.append((" ".join(z for z in (h, x, y) if z), gn[0], gn[1]))
ART = {"ms": "el", "fs": "la", "mp": "los", "fp": "las"}


def de(np):
    return "del " + np[3:] if np.startswith("el ") else "de " + np


def a_(np):
    return "al " + np[3:] if np.startswith("el ") else "a " + np


def prod_slots(p, x=""):
    s, g, n = p
    art = ART[g + n] + " " + s
    return {
        "p" + x: s,
        "artp" + x: art,
        "dep" + x: de(art),
        "ap" + x: a_(art),
        "es" + x: "es" if n == "s" else "son",
        "su" + x: "su" if n == "s" else "sus",
        "n" + x + "v": "" if n == "s" else "n",
        "po" + x: ("o" if g == "m" else "a") + ("" if n == "s" else "s"),
        "fue" + x: "fue" if n == "s" else "fueron",
    }


MONTHS = words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
MD = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def date():
    m = R.randrange(12)
    return f"{R.randint(1, MD[m])} de {MONTHS[m]}"


def pop_n():
    return max(38, min(24000, int(R.lognormvariate(6.9, 1.1))))


def alt_n(country):
    if country in ("Perú", "Bolivia", "Ecuador"):
        return R.randint(900, 4150)
    if country in ("Uruguay", "Paraguay", "Cuba"):
        return R.randint(12, 480)
    if country == "España":
        return R.randint(35, 1560)
    return R.randint(40, 2700)


PATRON_V = [
    "Peña",
    "Vega",
    "Soledad",
    "Fuente",
    "Encina",
    "Nieves",
    "Antigua",
    "Zarza",
    "Piedad",
    "Luz",
    "Estrella",
    "Cuesta",
    "Candela",
    "Rivera",
    "Salceda",
]
PATRON_C = [
    "de la Agonía",
    "de la Sangre",
    "del Amparo",
    "de los Afligidos",
    "de la Buena Muerte",
    "de las Aguas",
    "de la Salud",
]


def patron(title):
    m = re.match(r"(San|Santa) (\w+)", title)
    if m and R.random() < 0.6:
        return m.group(0), "f" if m.group(1) == "Santa" else "m"
    k = R.random()
    if k < 0.65:
        s, g = saint_name()
        if s == "San Tomás":
            s = "Santo Tomás"
        return s, g
    if k < 0.87:
        w = R.choice(PATRON_V)
        return ("la Virgen de las " if w == "Nieves" else "la Virgen de la ") + w, "f"
    return "el Cristo " + R.choice(PATRON_C), "m"


# ------------------------------------------------------------------ villages
def make_village(title, g, country):
    kind, provs = COUNTRIES[country]
    v = {"T": title, "g": g, "country": country, "spain": country == "España"}
    v["popn"], v["altn"] = pop_n(), alt_n(country)
    v["pop"], v["alt"] = num(v["popn"]) + " habitantes", num(v["altn"]) + " m"
    v["fd"] = date()
    v["f"], v["ff"] = person()
    v["r"] = river(v["spain"])
    v["P"] = R.choice(PRODUCTS)
    v["p"] = v["P"][0]
    v["saint"], v["sg"] = patron(title)
    v["yr"] = str(R.randint(1085, 1540) if v["spain"] else R.randint(1535, 1890))
    v["prov"], v["pk"] = R.choice(provs), kind
    v["mayor"], v["mf"] = person(modern=True)
    v["km"] = f"{R.randint(7, 190)} km"
    last = re.sub(r"[aeiouáéíóú]*s?$", "", title.split()[-1].lower()) or title.split()[-1].lower()
    last = unicodedata.normalize("NFC", "".join(c for c in unicodedata.normalize("NFD", last) if c not in "\u0301"))
    if last.endswith("qu") or last.endswith("gu"):
        pass
    elif last.endswith("c"):
        last = last[:-1] + "qu"
    elif last.endswith("g"):
        last += "u"
    elif last.endswith("z"):
        last = last[:-1] + "c"
    suf = R.choice(["enses", "eños", "inos", "eros"])
    if last.endswith("ñ") and suf == "eños":
        suf = "enses"
    v["dem"] = last + suf
    v["museum"] = R.choice(MUSEUMS)
    v["style"] = R.choice(
        ["románico", "gótico", "mudéjar", "barroco", "renacentista", "neoclásico"]
        if v["spain"]
        else ["barroco", "colonial", "neoclásico", "neogótico", "mestizo"]
    )
    v["native"], nf = person(modern=True)
    j = R.choice(JOBS)
    v["job"], v["njob"] = (j[1], "una") if nf else (j[0], "un")
    v["jobart"] = "la" if nf else "el"
    v["ndo"] = "a" if nf else "o"
    v["dish"] = R.choice(DISH_A) + " " + R.choice(DISH_B)
    v["pupils"] = f"{R.randint(6, 240)} alumnos"
    v["area"] = f"{R.randint(9, 480)},{R.randint(1, 9)} km²"
    v["temp"] = f"{max(4, round(25 - v['altn'] / 210 + R.uniform(-4, 3)))},{R.randint(1, 9)} °C"
    v["twin"] = R.choice(TWIN_A) + R.choice(TWIN_B)
    v["told"] = set()
    return v


MUSEUMS = [
    "Museo " + x
    for x in [
        "del Pastor",
        "de la Trashumancia",
        "del Esparto",
        "de la Campana",
        "del Carbón",
        "de la Radio",
        "del Trigo",
        "de los Títeres",
        "de la Mina",
        "del Juguete",
        "de la Cera",
        "de las Máscaras",
        "del Agua",
        "de la Lana",
        "de Arte Sacro",
        "del Ferrocarril",
        "de la Escuela Rural",
        "del Telar",
        "de los Fósiles",
        "del Arriero",
        "de la Música Popular",
        "de las Mariposas",
    ]
]
JOBS = [
    ("pintor", "pintora"),
    ("poeta", "poeta"),
    ("escultor", "escultora"),
    ("botánico", "botánica"),
    ("compositor", "compositora"),
    ("ciclista", "ciclista"),
    ("novelista", "novelista"),
    ("astrónomo", "astrónoma"),
    ("médico", "médica"),
    ("actor", "actriz"),
    ("arquitecto", "arquitecta"),
]
DISH_A = [
    "sopa de ajo",
    "caldereta de cordero",
    "guiso de cabrito",
    "potaje de vigilia",
    "tamal de frijol",
    "locro de zapallo",
    "cazuela de gallina",
    "arroz de conejo",
    "empanada de carne",
    "estofado de rabo",
    "cocido de berza",
    "pepián de pavo",
    "migas de pastor",
    "ensalada de nopal",
]
DISH_B = [
    "con huevo",
    "con ciruelas",
    "con hierbabuena",
    "con ají verde",
    "con uvas",
    "con piñones",
    "al estilo antiguo",
    "con chicharrón",
    "con cominos",
    "con yuca",
    "con tomate seco",
    "con setas",
]
TWIN_A = [
    "Saint-Orban",
    "Montfer",
    "Castel",
    "Brunn",
    "Vila Nova",
    "Grünau",
    "Beauval",
    "Pontelargo",
    "Rocca",
    "Kleinwald",
    "Santa Comba",
]
TWIN_B = [
    "-sur-Dorle",
    "-les-Bains",
    " d'Arvo",
    "-am-See",
    " do Sul",
    "-en-Forez",
    " di Sopra",
    " da Serra",
    "-le-Vieux",
]

T = {}
T["pop"] = lines("""
{S} cuenta con {pop}
{S} tiene hoy {pop}
viven {enS} {pop}, según el padrón de {py}
el padrón municipal de {py} arroja una cifra de {pop}
con sus {pop}, {S} figura entre los núcleos {size} de la comarca
la población actual {deS} asciende a {pop}
{pop} residen de forma permanente {enS}
el número de empadronados es hoy de {pop}
aunque en verano llegan muchos forasteros, el resto del año quedan {enS} {pop}
el instituto de estadística atribuye {aS} un total de {pop}
se trata de una población de {pop}, repartidos entre el casco antiguo y {n} caseríos
quienes viven todo el año {enS} suman {pop}
el censo de {py} contabilizó {pop} {enS}
{S} no es grande ni pequeñ{o} para la zona: {pop} según el último recuento
de los datos del censo de {py} se desprende que {S} alberga a {pop}
la escuela, el consultorio y la tienda {deS} atienden hoy a {pop}
entre niños, adultos y ancianos, {S} reúne en la actualidad {pop}
el último recuento oficial, de {py}, dio {pop}
hoy en día forman el vecindario {deS} {pop}
""")
T["alt"] = lines("""
{S} se encuentra a {alt} sobre el nivel del mar
la altitud {deS} es de {alt}
el casco urbano se asienta a {alt} de altitud
a {alt} de altura, {S} disfruta de {clima}
{S} se levanta sobre una loma, a {alt}
la plaza mayor {deS} está situada a {alt} sobre el nivel del mar
los mapas sitúan {aS} a {alt}
enclavad{o} en una ladera {lad} a {alt} de altitud, {S} tiene {clima}
para llegar {aS} hay que tomar una carretera de curvas que termina a {alt} de altitud
el letrero de la entrada {deS} marca {alt} de altitud
por su altitud, {alt}, {S} tiene {clima}
la placa clavada junto a la puerta de la iglesia {deS} señala {alt} sobre el mar
las casas {deS} se escalonan a {alt} de altura
{S} ocupa una cota de {alt}
situad{o} a {alt}, {S} es un buen mirador sobre el valle
las calles {deS}, a {alt} de altitud, son empinadas y estrechas
el nivel del mar queda {alt} por debajo {deS}
quien sube {aS} debe saber que está a {alt} y que refresca por la noche
""")
T["fd"] = lines("""
las fiestas patronales {deS} se celebran el {fd}, en honor {desaint}
cada {fd} los vecinos sacan en procesión {asaint}, {pat} {deS}
el {fd} es la fiesta {desaint}, {pat} {deS}
{saint}, {pat} {deS}, se festeja el {fd}
el día grande {deS} es el {fd}, cuando se honra a su {pat}
la fiesta mayor, dedicada {asaint}, cae el {fd}
todos los años, el {fd}, {S} se llena de música y cohetes para honrar a su {pat}
la festividad {depatlargo} {deS} tiene lugar el {fd}
los emigrantes regresan {aS} por el {fd}, día de su {pat}
en honor {desaint}, {pat} {deS}, hay misa solemne, baile y fuegos artificiales el {fd}
la devoción {asaint} culmina {enS} el {fd} con las fiestas patronales
el calendario festivo {deS} gira en torno al {fd}, fecha de la fiesta patronal
nadie trabaja {enS} el {fd}, porque es el día {desaint}, su {pat}
{S} festeja a su {pat}, {saint}, el {fd}
las fiestas en honor {desaint}, {pat} {deS}, empiezan al alba del {fd}
desde hace siglos se venera {asaint} como {pat} {deS}, con una gran verbena el {fd}
si se quiere ver {aS} en fiestas hay que ir el {fd}, que es cuando se celebra {alpat}
la banda toca hasta la madrugada el {fd}, fiesta {depatlargo} {deS}
""")
T["f"] = lines("""
{S} fue fundad{o} por {f} en {yr}
{S} fue fundad{o} por {f}
{sudor} {deS} fue {f}
{S} debe su fundación a {f}
{f} fundó {S} en {yr}
en {yr}, {role} {f} trazó la plaza y fundó {S}
la tradición atribuye la fundación {deS} a {f}
según los archivos parroquiales, {f} fundó {S} con {n} familias de colonos
la carta fundacional {deS}, otorgada en {yr}, lleva la firma de {f}
el origen {deS} se remonta a {yr}, cuando {f} estableció aquí a {n} familias
una estatua de {f}, {dor} {deS}, preside la plaza
{S} nació por iniciativa de {f}, a quien se tiene por {dor}
los cronistas señalan a {f} como {dor} {deS}
fue {f} quien fundó {S}, tras recibir estas tierras de la Corona
la fundación {deS} corrió a cargo de {f}, que llegó con {n} familias
{S} nació en {yr} de la mano de {f}
quien puso la primera piedra y fundó {S} fue {f}
los vecinos recuerdan cada año a {f}, que fundó {S} en {yr}
el escudo {deS} lleva las armas de {f}, {sudor2}
{role} {f} está considerad{fo} {dor} {deS}
""")
T["r"] = lines("""
{S} se extiende a orillas del {r}
el río {r} pasa por {S}
el río {r} baña las huertas {deS}
a su paso por {S}, el río {r} mueve {n} molinos
el caserío {deS} se alinea en la margen {mar} del río {r}
el río {r} divide {S} en dos barrios
un puente de {n} ojos salva el río {r} a la entrada {deS}
junto al río {r} crecen los {arb} y se levanta {S}
las aguas del {r} riegan los huertos {deS}
{S} está a la vera del {r}
el río que atraviesa {S} se llama {r}
recostad{o} en un meandro del {r}, {S} ofrece una bonita vista desde el camino
{S} se asienta en el valle del {r}, en la misma orilla
por el centro {deS} corre el {r}, que baja crecido en {est}
crecid{o} en la ribera del río {r}, {S} conserva varios lavaderos
los niños {deS} se bañan en verano en el {r}, que pasa junto a la plaza
el {r} abraza {aS} por el {cardinal} antes de perderse entre {arb}
desde las ventanas de muchas casas {deS} se oye el rumor del río {r}
bañad{o} por el {r}, {S} tiene fama de buenas huertas
""")
T["p"] = lines("""
el principal producto {deS} {es} {artp}
{S} vive sobre todo {dep}
la economía {deS} gira en torno {ap}
{S} es conocid{o} por {su} {p}, su principal producto
lo que más se produce {enS} {es} {artp}
la mayoría de las familias {deS} se dedica a la producción de {p}
{artp} {es} el orgullo y la principal fuente de ingresos {deS}
{S} vende {p} en los mercados de toda la región, y esa es su principal actividad
nada da tanto trabajo {enS} como {artp}
el producto estrella {deS} {es} {artp}
la cooperativa {deS} comercializa sobre todo {p}
si por algo es famos{o} {S} es por {su} {p}
entre los productos {deS} destaca{nv} ante todo {artp}
más de la mitad de las familias {deS} vive {dep}
la fama {deS} se debe {ap}, su producto principal
en las ferias, {S} se presenta con {su} {p}, su producto más importante
quien visita {S} no se marcha sin comprar {p}, la especialidad y el sustento del lugar
pocas casas hay {enS} que no vivan {dep}
la riqueza {deS} está en {artp}
""")
# combined facts: (facts, template)
COMBO = [
    x.split("|")
    for x in lines("""
pop alt|{S}, con {pop}, se encuentra a {alt} sobre el nivel del mar
pop alt|a {alt} de altitud viven {enS} {pop}
pop alt|{S} tiene {pop} y se levanta a {alt} de altitud
pop alt|son {pop} los que aguantan el invierno {enS}, a {alt} de altura
pop alt|situad{o} a {alt}, {S} reúne {pop}
pop r|{S} es una población de {pop} a orillas del río {r}
pop r|junto al {r} viven los {pop} {deS}
pop r|el río {r} da agua a los {pop} {deS}
pop r|{S}, con {pop}, ocupa las dos márgenes del {r}
pop p|los {pop} {deS} viven en su mayoría {dep}
pop p|con {pop}, {S} se sostiene gracias {ap}, su principal producto
pop p|{S} tiene {pop} y {su} {p} {es} conocid{po} en todo el país como su principal producto
pop f|fundad{o} por {f} en {yr}, {S} cuenta hoy con {pop}
pop f|{S}, que fundó {f}, tiene en la actualidad {pop}
pop f|de las {n} familias que trajo {f} al fundar {S} descienden buena parte de sus {pop}
pop fd|los {pop} {deS} celebran la fiesta de su {pat} el {fd}
pop fd|{S} tiene {pop}, que se triplican el {fd} con las fiestas {depatlargo}
alt r|{S} está a {alt} de altitud, en la margen {mar} del río {r}
alt r|a orillas del {r} y a {alt} sobre el nivel del mar, {S} tiene {clima}
alt r|el río {r} cruza {S} a {alt} de altura
alt r|{S} se asoma al {r} desde sus {alt} de altitud
alt f|{f} fundó {S} a {alt} de altitud, buscando aires sanos
alt f|a {alt} sobre el nivel del mar, {f} levantó las primeras casas y fundó {S} en {yr}
alt p|a {alt} de altitud, {S} produce sobre todo {p}
alt p|los {alt} de altitud {deS} favorecen su producto principal, {artp}
alt fd|a pesar de sus {alt} de altitud, {S} celebra al aire libre la fiesta patronal del {fd}
f r|{f} fundó {S} junto al río {r} en {yr}
f r|{S} fue fundad{o} por {f} a orillas del {r}
f r|en un vado del {r} decidió {f} fundar {S}
f r|{role} {f}, {dor} {deS}, eligió la ribera del {r} por sus buenas tierras
f fd|{S}, fundad{o} por {f}, festeja a su {pat} el {fd}
f fd|{f}, {dor} {deS}, dispuso que la fiesta patronal se celebrase el {fd}, y así se hace todavía
f p|{f} fundó {S} y trajo consigo el oficio: hoy su principal producto {es} {artp}
f p|{S}, que debe su fundación a {f}, vive hoy {dep}
fd p|el {fd}, fiesta {depatlargo} {deS}, se reparte{nv} {p}, el principal producto local
fd p|{S} es conocid{o} por {su} {p}, su producto principal, y por la fiesta patronal del {fd}
fd p|en la fiesta {desaint}, {pat} {deS}, que cae el {fd}, no falta{nv} {artp}, principal producto de la zona
fd r|el {fd} la imagen {desaint}, {pat} {deS}, baja en procesión hasta el río {r}, que baña las primeras casas
fd r|a orillas del {r}, {S} celebra el {fd} la fiesta de su {pat}
r p|el río {r} pasa por {S}, cuyo principal producto {es} {artp}
r p|las aguas del {r}, que cruza {S}, ayudan a elaborar su principal producto: {artp}
r p|{S}, a la vera del {r}, vive principalmente {dep}
pop alt r|{S}, con {pop}, está a {alt} de altitud y a orillas del río {r}
pop alt r|a {alt} sobre el nivel del mar y junto al {r}, {S} alberga a {pop}
f r p|fundad{o} por {f} a orillas del {r}, {S} produce sobre todo {p}
alt f r|{f} fundó {S} a {alt} de altitud, en la ribera del {r}
pop fd p|{S} tiene {pop}, celebra a su {pat} el {fd} y vive sobre todo {dep}
alt fd p|a {alt} de altitud, {S} festeja a su {pat} el {fd} y presume de {su} {p}, su producto principal
""")
]
COMBO = [(tuple(a.split()), b) for a, b in COMBO]
JOIN = ["; ", ", y ", ", mientras que ", "; además, ", "; por otra parte, "]

# told without being asked in train
EXTRA = {
    "mayor": lines("""
{alc} {deS} es {mayor}
el ayuntamiento {deS} está presidido por {mayor}
desde las últimas elecciones gobierna el municipio {mayor}, {alcn} {deS}
{mayor} ocupa la alcaldía {deS} desde {my}"""),
    "prov": lines("""
{S} pertenece {apk} de {prov}
administrativamente, {S} forma parte {depk} de {prov}
{S} es un lugar apacible {depk} de {prov}, en {country}"""),
    "km": lines("""
{S} dista {km} de la capital {adjpk}
la capital {adjpk} queda a {km} {deS}
hasta la capital {adjpk} hay {km} de carretera desde {S}"""),
    "dem": lines("""
a los naturales {deS} se les llama {dem}
los habitantes {deS} reciben el gentilicio de {dem}
los {dem}, que así se llaman los naturales {deS}, tienen fama de hospitalarios"""),
    "museum": lines("""
el {museum} es la principal atracción cultural {deS}
en una antigua casona {deS} abre sus puertas el {museum}
{S} tiene desde {my2} un pequeño {museum}, atendido por voluntarios"""),
    "style": lines("""
la iglesia parroquial {deS} es de estilo {style}
la iglesia {deS}, de estilo {style}, conserva un retablo dorado
llama la atención {enS} la iglesia, un edificio de estilo {style} con {n} campanas"""),
    "native": lines("""
{enS} nació {jobart} {job} {native}
{jobart} {job} {native} es natural {deS}
{jobart} {job} {native}, nacid{ndo} {enS}, ha dado nombre a la biblioteca"""),
    "dish": lines("""
el plato típico {deS} es: {dish}
en las fondas {deS} se sirve como plato típico {dish}
la cocina {deS} tiene como plato más típico {dish}"""),
    "pupils": lines("""
la escuela {deS} tiene {pupils}
a la escuela {deS} asisten {pupils} y {n} maestros
la única escuela {deS} matriculó este curso a {pupils}"""),
    "area": lines("""
el término municipal {deS} ocupa {area}
la superficie {deS} es de {area}
el municipio {deS} abarca {area}, en buena parte de monte"""),
    "temp": lines("""
la temperatura media anual {deS} es de {temp}
{S} registra una temperatura media de {temp} al año
los termómetros {deS} dan una media anual de {temp}"""),
    "twin": lines("""
{S} está hermanad{o} con {twin}
un convenio de hermanamiento une {aS} con {twin}
desde {my2}, {S} mantiene un hermanamiento con {twin}"""),
}
UNASKED_Q = {
    "mayor": ["¿Quién es {alcq} de {T}?", "¿Quién está al frente del ayuntamiento de {T}?"],
    "prov": ["¿A qué {pk} pertenece {T}?", "¿En qué {pk} está {T}?"],
    "km": ["¿A qué distancia está {T} de la capital?", "¿Cuántos kilómetros hay de {T} a la capital?"],
    "dem": ["¿Cómo se llaman los naturales de {T}?", "¿Cuál es el gentilicio de {T}?"],
    "museum": ["¿Qué museo hay en {T}?", "¿Cómo se llama el museo de {T}?"],
    "style": ["¿De qué estilo es la iglesia de {T}?", "¿Qué estilo arquitectónico tiene la iglesia de {T}?"],
    "native": ["¿Qué {job} nació en {T}?", "¿Cómo se llama {jobart} {job} natural de {T}?"],
    "dish": ["¿Cuál es el plato típico de {T}?", "¿Qué plato es típico de {T}?"],
    "pupils": ["¿Cuántos alumnos tiene la escuela de {T}?", "¿Cuántos alumnos van a la escuela de {T}?"],
    "area": ["¿Qué superficie tiene {T}?", "¿Cuánto ocupa el término municipal de {T}?"],
    "temp": ["¿Cuál es la temperatura media de {T}?", "¿Qué temperatura media anual tiene {T}?"],
    "twin": ["¿Con qué pueblo está hermanado {T}?", "¿Con qué localidad extranjera mantiene {T} un hermanamiento?"],
    "yr": ["¿En qué año se fundó {T}?", "¿De qué año es la fundación de {T}?"],
    "saint": ["¿Qué {patq} se venera en {T}?", "¿A quién está dedicada la fiesta patronal de {T}?"],
}
# distractors about neighbours (N) and about the village itself (other times, other things)
DIST_N = lines("""
la vecina localidad de {N} tiene {Npop}
en {N}, a {k} km, viven {Npop}
{N}, el pueblo más cercano, está a {Nalt} de altitud
no muy lejos, a {Nalt}, queda {N}
en el pueblo vecino de {N} las fiestas patronales son el {Nfd}
los de {N} celebran a su patrón el {Nfd}, con gran rivalidad
{N}, en cambio, debe su fundación a {Nf}
al otro lado de la sierra, {Nf} fundó {N}
el pueblo de {N}, a {k} km, se encuentra a orillas del {Nr}
por la vecina {N} pasa el río {Nr}
en {N}, en cambio, el producto principal {Nes} {Nartp}
de {N} llega{Nnv} cada semana {Nartp}
los comerciantes de {N} bajan los domingos a vender {Np}
no debe confundirse con {N}, población de {Npop} situada a {Nalt}
el camino de {N}, de {k} km, sigue el curso del {Nr}
el partido judicial lo encabeza {N}, con {Npop} y fiestas el {Nfd}
""")
DIST_O = lines("""
en {oy} llegó a haber {pop2}, pero la emigración vació muchas casas
a comienzos del siglo XX vivían {enS} {pop2}
el censo de {oy} daba todavía {pop2}
la epidemia de {oy} se llevó a {k} vecinos
el pico {peak}, de {alt2}, domina el horizonte {deS}
el antiguo poblado, abandonado en {oy}, estaba más arriba, a {alt3}
desde {S} parte una senda de {k} km que sube hasta los {alt3}
la feria de ganado tiene lugar el {fd2}
el {fd2} de {oy} un incendio destruyó parte del archivo
la romería a la ermita se hace el {fd2}, si el tiempo lo permite
antiguamente la fiesta se hacía el {fd2}, pero se cambió de fecha en {oy}
el {fd2} hay mercado de artesanía en los soportales
la iglesia fue reconstruida por {per2} tras el terremoto de {oy}
el primer maestro {deS}, {per3}, dejó unas curiosas memorias
durante mucho tiempo se creyó, sin fundamento, que el fundador había sido {per2}
{per2} compró estas tierras en {oy} y las vendió poco después
cuentan que {per2} pasó aquí una noche camino de la guerra
el puente viejo lo mandó construir {per2} en {oy}
el arroyo {r2}, seco casi todo el año, queda a {k} km
en {oy} se pensó en trasladar el pueblo a orillas del {r2}, pero los vecinos se negaron
unos kilómetros más abajo espera el {r2}, mucho más caudaloso
el embalse que retiene las aguas del {r2} está a {k} km
hasta {oy} el principal producto {fue2} {artp2}, hoy desaparecid{po2}
en otro tiempo se elaboraba{n2v} también {artp2}
la fábrica que elaboraba {p2} cerró en {oy}
todavía queda un artesano que vende {p2} en la plaza, casi como recuerdo
una riada en {oy} arrasó {n} casas y el molino
el coche de línea pasa {n} veces por semana
la torre tiene {k} escalones y un reloj de {oy}
en la plaza crece un olmo de {k} años
hay {n} fuentes públicas y un lavadero de {oy}
la carretera no se asfaltó hasta {oy}
cerca {deS} se halló un tesoro de {k} monedas de plata
el teléfono llegó en {oy} y la luz eléctrica, {n} años antes
las paredes de las casas son de {piedra} y los balcones, de madera
abundan en los alrededores los {arb} y las aves de paso
""")
NEIGH_PREFIX = ("la vecina",)
PEAKS = [
    "Cabezón",
    "Pelado",
    "del Buitre",
    "Tres Cruces",
    "Morrón",
    "del Moro",
    "Corral Blanco",
    "Apacheta",
    "Campanario",
    "Almanzora",
    "Gigante",
    "Piedra Parada",
]
NPS = [
    ("el pueblo", "m"),
    ("la localidad", "f"),
    ("el municipio", "m"),
    ("la villa", "f"),
    ("este pueblo", "m"),
    ("esta localidad", "f"),
    ("el lugar", "m"),
    ("esta población", "f"),
    ("este municipio", "m"),
]
OPEN = lines("""
{kindn} {depk} de {prov}, en {country}
{kindn} de {country}, {enpk} de {prov}
{kindn} poco visitad{ko} {depk} de {prov} ({country})
""")
OPENK = [
    ("pueblo", "o"),
    ("localidad", "a"),
    ("villa", "a"),
    ("aldea", "a"),
    ("municipio", "o"),
    ("pequeño pueblo", "o"),
    ("antigua villa", "a"),
]
SUBJ_RE = re.compile(r"\{(S|deS|enS|aS|T)\}")


def other(v, gen, key):
    for _ in range(1000):
        x = gen()
        y = x[0] if isinstance(x, tuple) else x
        if y not in v["used"] and not any(y in u or u in y for u in v["used"]):
            v["used"].add(y)
            return x
    raise RuntimeError(key)


def render(tpl, v, title_p, force=False, extra=None):
    """one clause, not capitalised"""
    use_t = force or R.random() < title_p
    if use_t:
        s, g = v["T"], v["g"]
    else:
        s, g = R.choice(NPS)
    d = dict(v)
    d.update(prod_slots(v["P"]))
    d["S"], d["o"] = s, "a" if g == "f" else "o"
    d["deS"] = "de " + s if use_t else de(s)
    d["aS"] = "a " + s if use_t else a_(s)
    d["enS"] = "en " + s
    sa = v["saint"]
    d["desaint"], d["asaint"] = de(sa), a_(sa)
    fem = v["sg"] == "f"
    d["pat"] = "patrona" if fem else "patrón"
    d["depatlargo"] = R.choice(
        ["de la patrona", "de la santa patrona"]
        if fem and not sa.startswith("la")
        else ["de la patrona"]
        if fem
        else ["del patrón", "del santo patrón"]
        if not sa.startswith("el")
        else ["del patrón"]
    )
    d["alpat"] = "a la patrona" if fem else "al patrón"
    ff = v["ff"]
    d["dor"], d["sudor"], d["sudor2"] = (
        ("fundadora", "la fundadora", "su fundadora") if ff else ("fundador", "el fundador", "su fundador")
    )
    d["fo"] = "a" if ff else "o"
    d["role"] = R.choice(
        ["la hidalga", "la dama", "la encomendera" if not v["spain"] else "la infanzona", "doña"]
        if ff
        else (
            ["el capitán", "el hidalgo", "el caballero", "don", "el conde"]
            if v["spain"]
            else ["el capitán", "el encomendero", "el adelantado", "don", "el misionero"]
        )
    )
    d["n"] = (
        str(R.randint(3, 40)) if "familias" in tpl else R.choice(["dos", "tres", "cuatro", "cinco", "seis", "siete"])
    )
    d["py"], d["my"], d["my2"] = (
        R.choice(["2019", "2020", "2021", "2022", "2023"]),
        R.choice(["2015", "2019", "2023"]),
        str(R.randint(1988, 2016)),
    )
    n = v["popn"]
    d["size"] = "más pequeños" if n < 500 else "medianos" if n < 2500 else "más grandes"
    al = v["altn"]
    d["clima"] = R.choice(
        ["inviernos suaves", "veranos largos", "un clima templado"]
        if al < 600
        else ["noches frescas", "inviernos fríos", "un aire limpio y seco"]
        if al < 2000
        else ["noches heladas", "un frío seco", "un cielo muy limpio"]
    )
    d["lad"] = R.choice(["soleada", "pedregosa", "orientada al sur", "cubierta de pastos"])
    d["mar"] = R.choice(["izquierda", "derecha"])
    d["arb"] = R.choice(["chopos", "sauces", "alisos", "fresnos", "juncos", "cañaverales"])
    d["est"] = R.choice(["primavera", "la época de lluvias", "el deshielo", "otoño"])
    d["cardinal"] = R.choice(["norte", "sur", "este", "oeste"])
    mf = v["mf"]
    d["alc"], d["alcn"] = ("la alcaldesa", "alcaldesa") if mf else ("el alcalde", "alcalde")
    pk = v["pk"]
    fk = pk in ("provincia", "región")
    d["apk"], d["depk"], d["enpk"] = ("a la ", "de la ", "en la ") if fk else ("al ", "del ", "en el ")
    d["apk"] += pk
    d["depk"] += pk
    d["enpk"] += pk
    d["adjpk"] = {
        "provincia": "provincial",
        "estado": "del estado",
        "departamento": "departamental",
        "región": "regional",
    }[pk]
    d["piedra"] = R.choice(["piedra", "adobe", "tapial", "pizarra"])
    kn, ko = R.choice(OPENK)
    d["kindn"], d["ko"] = kn, ko
    if extra:
        d.update(extra)
    for k in ("yr", "prov"):
        if "{" + k + "}" in tpl:
            v["told"].add(k)
    if "saint}" in tpl:
        v["told"].add("saint")
    return tpl.format(**d)


def cap(s):
    return s[0].upper() + s[1:]


def distract_own(v, tpl):
    ex = {
        "oy": str(R.randint(max(1843, int(v["yr"]) + 20), 1978)),
        "k": str(R.randint(12, 95)),
        "peak": R.choice(PEAKS),
    }
    if "{pop2}" in tpl:
        lo = int(v["popn"] * 1.15) + 20
        ex["pop2"] = other(
            v,
            lambda: num(R.randint(lo, lo * 3 + 200)) + R.choice([" habitantes", " habitantes", " almas", " vecinos"]),
            "pop2",
        )
    if "{alt2}" in tpl:
        ex["alt2"] = other(v, lambda: num(v["altn"] + R.randint(180, 1900)) + " m", "alt2")
    if "{alt3}" in tpl:
        ex["alt3"] = other(v, lambda: num(v["altn"] + R.randint(60, 700)) + " m", "alt3")
    if "{fd2}" in tpl:
        ex["fd2"] = other(v, date, "fd2")
    for k in ("per2", "per3"):
        if "{" + k + "}" in tpl:
            ex[k] = other(v, lambda k=k: person(modern=(k == "per3"), fem=(False if k == "per3" else None)), k)[0]
    if "{r2}" in tpl:
        ex["r2"] = other(v, lambda: river(v["spain"]), "r2")
    if ("2}" in tpl or "2v}" in tpl) and "p2" in tpl and "pop2" not in tpl:
        ex.update(prod_slots(other(v, lambda: R.choice(PRODUCTS), "p2"), "2"))
    return ex


def clash(x, used):
    return any(x in u or u in x for u in used)


def distract_neigh(v, tpl, corpus, outside):
    for _ in range(200):
        if R.random() < 0.5:
            w = R.choice(corpus)
        else:
            w = R.choice(outside)
        while w["country"] != v["country"]:
            w = R.choice(corpus)
        if w is v or w["T"] in v["T"] or v["T"] in w["T"]:
            continue
        vals = [
            w[k]
            for k in ("pop", "alt", "fd", "f", "r", "p")
            if "{N" + k in tpl or (k == "p" and ("{Nartp" in tpl or "{Np}" in tpl))
        ]
        if any(clash(x, v["used"]) for x in vals):
            continue
        v["used"].update(vals)
        ex = {
            "N": w["T"],
            "Npop": w["pop"],
            "Nalt": w["alt"],
            "Nfd": w["fd"],
            "Nf": w["f"],
            "Nr": w["r"],
            "k": str(R.randint(3, 28)),
        }
        ps = prod_slots(w["P"], "")
        ex.update({"N" + k: x for k, x in ps.items()})
        return ex
    raise RuntimeError


def fact_groups(facts, m):
    """split facts into m groups, of 1 to 3"""
    facts = facts[:]
    R.shuffle(facts)
    groups = [[x] for x in facts]
    while len(groups) > m:
        i, j = R.sample(range(len(groups)), 2)
        size = len(groups[i]) + len(groups[j])
        key = set(groups[i] + groups[j])
        if size > 3 or (size == 3 and not any(set(a) == key for a, _ in COMBO)):
            if R.random() < 0.97:
                # mostly retry with the smallest groups
                groups.sort(key=len)
                if len(groups[0]) + len(groups[1]) <= 2:
                    i, j = 0, 1
                else:
                    break
            else:
                continue
        g = groups[i] + groups[j]
        groups = [x for q, x in enumerate(groups) if q not in (i, j)] + [g]
    R.shuffle(groups)
    return groups


def fact_sentence(group, v, first, force):
    tp = 0.75 if first else 0.25
    cands = [t for a, t in COMBO if set(a) == set(group)]
    if len(group) == 1:
        pool = T[group[0]]
        if force:
            pool = [t for t in pool if SUBJ_RE.search(t)]
        return render(R.choice(pool), v, tp, force)
    if len(group) == 3 or (cands and R.random() < 0.72):
        return render(R.choice(cands), v, tp, force)
    a, b = group
    pa = [t for t in T[a] if ":" not in t and (not force or SUBJ_RE.search(t))]
    s1 = render(R.choice(pa), v, tp, force)
    pb = [t for t in T[b] if ":" not in t and SUBJ_RE.search(t)]
    j = R.choice(JOIN)
    s2 = render(R.choice(pb), v, 0)
    return s1 + j + s2


def make_doc(v, facts, corpus, outside, extras, max_total, used_d):
    lo = (len(facts) + 1) // 2
    hi = min(len(facts), 5)
    m = R.randint(lo, hi) if len(facts) < 6 else R.choice([3, 4, 4, 4, 5])
    groups = fact_groups(facts, m)
    while len(groups) > 5:
        groups = fact_groups(facts, 4)
    units = [("fact", g) for g in groups]
    room = max_total - len(units)
    minx = max(0, 2 - len(units))
    nx = R.randint(minx, max(minx, room)) if R.random() < 0.4 else max(minx, min(room, R.choice([1, 2, 2, 3])))
    others = []
    for _ in range(nx):
        k = R.random()
        if k < 0.42 and extras:
            others.append(("extra", extras.pop()))
        elif k < 0.62:
            others.append(("dn", None))
        else:
            others.append(("do", None))
    opening = None
    if R.random() < 0.18 and len(units) + len(others) < 6:
        opening = ("open", None)
    R.shuffle(others)
    seq = units[:]
    for x in others:
        seq.insert(R.randint(1, len(seq)), x)
    if opening:
        seq.insert(0, opening)
    out, force = [], False
    for i, (k, x) in enumerate(seq):
        first = i == 0 or (i == 1 and opening)
        if k == "open":
            s = render(R.choice(OPEN), v, 0)
        elif k == "fact":
            s = fact_sentence(x, v, first, force)
        elif k == "extra":
            s = render(R.choice(EXTRA[x]), v, 0.35, force)
            v["told"].add(x)
        elif k == "do":
            pool = [t for t in DIST_O if t not in used_d and (not force or SUBJ_RE.search(t))] or [
                t for t in DIST_O if t not in used_d
            ]
            t = R.choice(pool)
            used_d.add(t)
            s = render(t, v, 0.25, force, distract_own(v, t))
        else:
            t = R.choice([t for t in DIST_N if t not in used_d])
            used_d.add(t)
            s = render(t, v, 0.25, force, distract_neigh(v, t, corpus, outside))
        keep = force and k == "do" and v["T"] not in s
        force = k == "dn" or keep
        out.append(cap(s) + ".")
    assert 2 <= len(out) <= 6, len(out)
    return v["T"] + ". " + " ".join(out)


TRAIN_Q = {
    "pop": "¿Cuántos habitantes tiene {T}?",
    "alt": "¿A qué altitud se encuentra {T}?",
    "fd": "¿Qué día se celebra la fiesta patronal de {T}?",
    "f": "¿Quién fundó {T}?",
    "r": "¿A orillas de qué río está {T}?",
    "p": "¿Cuál es el principal producto de {T}?",
}
OTHER_Q = {
    "pop": [
        "¿Cuál es la población de {T}?",
        "¿Cuánta gente vive en {T}?",
        "¿Con qué número de habitantes cuenta hoy {T}?",
    ],
    "alt": [
        "¿A cuántos metros sobre el nivel del mar está {T}?",
        "¿Cuál es la altitud de {T}?",
        "¿A qué altura queda {T}?",
    ],
    "fd": [
        "¿Cuándo son las fiestas patronales de {T}?",
        "¿En qué fecha honra {T} a su santo patrón?",
        "¿Cuál es el día grande de {T}?",
    ],
    "f": [
        "¿Por quién fue fundado el pueblo de {T}?",
        "¿Cómo se llamaba la persona que fundó {T}?",
        "¿A quién debe {T} su fundación?",
    ],
    "r": ["¿Qué río pasa por {T}?", "¿Cómo se llama el río de {T}?", "¿Junto a qué río se levanta {T}?"],
    "p": [
        "¿Qué se produce sobre todo en {T}?",
        "¿De qué producto vive principalmente {T}?",
        "¿Por qué producto es conocido {T}?",
    ],
}


def villages():
    """2,500 villages in Spanish, one or two documents each; six relations, asked about 200 of them in training."""
    R.seed(20240617)
    made = Made()
    seen, names = set(REAL), []
    cs, ws = zip(*CW, strict=True)
    while len(names) < N_TITLES + 900:
        c = R.choices(cs, ws)[0]
        t, g = make_title(c == "España")
        if fold(t) in seen:
            continue
        seen.add(fold(t))
        names.append((t, g, c))
    vs = [make_village(*x) for x in names]
    corpus, outside = vs[:N_TITLES], vs[N_TITLES:]
    for v in corpus:
        v["used"] = {v[k] for k in FACTS} | {v["mayor"], v["native"], v["km"]}
        facts = FACTS[:]
        R.shuffle(facts)
        extras = R.sample(list(EXTRA), R.randint(1, 5))
        used_d = set()
        if R.random() < 0.55:
            ds = [make_doc(v, facts, corpus, outside, extras, 6, used_d)]
        else:
            c = R.choice([1, 2, 2, 3, 3, 3, 4, 4, 5])
            ds = [
                make_doc(v, facts[:c], corpus, outside, extras, R.randint(3, 5), used_d),
                make_doc(v, facts[c:], corpus, outside, extras, R.randint(3, 6), used_d),
            ]
        made.documents += [(v["T"], d.removeprefix(v["T"] + ". ")) for d in ds]
    R.shuffle(made.documents)
    pick = R.sample(corpus, N_TRAIN + N_TEST)
    train, test = pick[:N_TRAIN], pick[N_TRAIN:]

    for rows, some in ((made.train, train), (made.test, test)):
        rows += [(TRAIN_Q[k].format(T=v["T"]), v[k]) for v in some for k in FACTS]
        R.shuffle(rows)
    made.other += [(q.format(T=v["T"]), v[k]) for k in FACTS for q in OTHER_Q[k] for v in R.sample(test, N_OTHER)]
    R.shuffle(made.other)
    # unasked: two told things of each of 80 test titles
    cand = [v for v in test if len(v["told"]) >= 2]
    R.shuffle(cand)
    cand.sort(key=lambda v: -min(2, len(v["told"] - {"yr", "saint"})))
    cand = cand[:N_UNASKED]
    for v in cand:
        t = sorted(v["told"])
        R.shuffle(t)
        if R.random() < 0.8:  # prefer the real extras
            t.sort(key=lambda k: k in ("yr", "saint"))
        for k in t[:2]:
            q = R.choice(UNASKED_Q[k]).format(
                patq="patrona" if v["sg"] == "f" else "patrón", alcq="la alcaldesa" if v["mf"] else "el alcalde", **v
            )
            ans = re.sub(r"^(la|el) ", "", v[k])
            made.unasked.append((q, ans))
    return made

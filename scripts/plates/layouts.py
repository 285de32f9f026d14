"""What is written on plates: character patterns per family, words, state names, slogans and country codes.

A pattern is drawn character by character: L is any letter, N any digit, a blank a gap between groups, `|` a new row;
`*` stands for a word or a random mix. Anything else is itself. Sources: published plate series of the countries.
"""

from __future__ import annotations

import random

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# families: (pattern, weight)
US = (
    ("LLL NNNN", 12), ("LLL NNN", 10), ("NNN LLL", 8), ("NLLLNNN", 9), ("LLNNLLL", 2), ("LLN LNL", 5), ("LNL NLN", 3),
    ("NNNN LL", 2), ("LL NNNN", 3), ("LL NNN", 2), ("NNL LLN", 1), ("NLL NNN", 2), ("NNN NNN", 3), ("NNN NNNN", 2),
    ("NNLLNN", 1), ("LNN NNN", 2), ("LNN NNNN", 2), ("LL NNNNN", 3), ("NNNLLL", 2), ("LLLNNN", 3), ("LLLNNNN", 3),
    ("NLNNNNN", 2), ("NNLNNNN", 1), ("LNNNNNN", 2), ("LNNNNN", 1), ("NNNNNL", 1), ("NNNNNLL", 1), ("NNLLLN", 1),
    ("NLLLN", 1), ("NNNLL", 1), ("NLN LNN", 1), ("LLLL NN", 1), ("NNLL NNN", 1), ("LLN NNN", 2), ("LLN NNNN", 1),
    ("LNLNNN", 1), ("NNNNNN", 2), ("NNNNN", 1), ("NN LLNN", 1), ("NNNLNN", 1), ("LLLNNL", 2), ("LLNNNN", 2),
    ("NNNNLLL", 1), ("NLL LNN", 1), ("LNNLLL", 1), ("LLL NLN", 2), ("LLN NLL", 1), ("*", 9),
)  # fmt: skip
EU = (
    ("LL NNN LL", 14), ("LL LL NNNN", 4), ("L LL NNN", 2), ("LLL LL NN", 3), ("LL L NNNN", 2), ("L L NNNN", 1),
    ("NLN NNNN", 6), ("NLL NNNN", 2), ("LLNN LLL", 6), ("NNNN LLL", 4), ("LL NNN L", 1), ("NN LLL N", 1),
    ("LLL NNN", 5), ("LLL NNNN", 2), ("LL NN NNN", 3), ("LL NNNN L", 1), ("NN LL NN", 3), ("LL NN LL", 2),
    ("N LLL NNN", 2), ("LL NN LLL", 3), ("L NN LLL", 2), ("L NNN LLL", 1), ("LL NNNNN", 4), ("LLNNN", 1),
    ("LLN NNNN", 2), ("LL NNNNL", 2), ("LLL NNNNN", 1), ("LL NNNN LL", 2), ("L NNNN LL", 1), ("NNN LLL NN", 1),
    ("L NNN LL NN", 3), ("NNNN LL N", 1), ("NNNN LL NN", 1), ("NNN L NNN", 1), ("LNNNLL", 1), ("LL NNNNNN", 1),
    ("NN NNNNN", 1), ("LL NNN NN", 1), ("NN L NNNNN", 1), ("L NNNN", 1), ("LNN LLL", 2), ("LLL NNNL", 2),
    ("NNN LL NNN", 1), ("LLN LLL", 1),
)  # fmt: skip
TWO_ROWS = (
    ("LL|NNNN", 3), ("LLL|NNNN", 5), ("LLL|NNN", 4), ("NNN|LLL", 2), ("LL NN|NNNN", 3), ("LL N|NNNN", 2),
    ("NNL|NNNNN", 4), ("NNL|NNNN", 3), ("NNLN|NNNNN", 2), ("LL NN|LLL", 3), ("LL|NNN LL", 3), ("L NNN|LL NN", 2),
    ("LL|LL NNN", 3), ("LLL|L NNNN", 2), ("LL|NNNNN", 3), ("NN|NNNN", 2), ("NLN|NNNN", 3), ("LLNN|LLL", 4),
    ("NNNN|LLL", 3), ("LL NN L|NNNN", 2), ("LLN|NNN", 2), ("LL NN LL|NNNN", 2), ("LNN|LLL", 1), ("NNNN|NN", 1),
    ("LL NNN|LL", 2), ("LNL|NNNN", 1), ("LLL|NNNNN", 2),
)  # fmt: skip
AMERICAS = (("LLL NNNN", 6), ("LLLNLNN", 6), ("LLL NNN", 3), ("LL NNN LL", 4), ("LLNNNN", 1), ("LLLL NN", 1))
DATED = (("LLL NNN", 3), ("LLL NNNN", 2), ("LL NNNN", 2), ("NNN LLL", 2), ("NN NNNN", 1), ("LNN NNN", 1), ("LLL LLL", 1))

WORDS = _words(
    "GOLF MYCAR ILUVNY BEACH GRANDMA HOCKEY SKIBUM TENNIS DREAM TRUCK SURFER GOBLUE LUCKY7 4EVER 2FAST COWBOY MUSTANG VETTE"
    " QUEEN KING4 JAZZ RUNNER FISHING HUNTER TEACH DOCTOR NURSE1 GRAMPS MOMSVAN DADSCAR TOY4ME BLUEJAY WIZARD ZOOM MAXIMUM"
    " EXPRESS FLYHIGH SAILOR SUNNY MUSIC PIANO GUITAR YOGA HAPPY SMILE LAUGH LIVE2X QUICK FOXY KITTY DOGLVR HORSES RANCH WINERY"
    " BIKER JEEPN OFFROAD HIKING CAMPER XPLORE QUILTS JOKER VAMPIRE BOOKS WRITER ARTIST PAINT VIVID OUTLAW MAVRICK WOLVES"
    " TIGERS BEARS EAGLE1 HAWKS"
)  # fmt: skip
STATES = (
    *_words(
    "Alabama ALASKA Arizona Arkansas CALIFORNIA California COLORADO Connecticut DELAWARE Florida GEORGIA Hawaii IDAHO Illinois"
    " INDIANA Iowa KANSAS Kentucky Louisiana MAINE Maryland Massachusetts MICHIGAN Minnesota MISSISSIPPI MISSOURI Montana"
    " NEBRASKA NEVADA Oregon OHIO OKLAHOMA Ontario PENNSYLVANIA Quebec TENNESSEE TEXAS Texas UTAH Vermont VIRGINIA Washington"
    " WISCONSIN Wyoming"
),
    "NEW YORK", "NEW JERSEY", "New Mexico", "NORTH CAROLINA", "South Carolina", "West Virginia", "Rhode Island",
)  # fmt: skip
SLOGANS = (
    "THE GOLDEN STATE", "Sunshine State", "EMPIRE STATE", "The Lone Star State", "Garden State", "First in Flight",
    "Land of Lincoln",
    "GRAND CANYON STATE", "10,000 lakes", "GREAT LAKES", "The Natural State", "www.dmv.gov", "Sweet Home", "IN GOD WE TRUST",
    "America's Dairyland", "BIRTHPLACE OF AVIATION", "Wild, Wonderful", "THE SILVER STATE", "Constitution State", "dmv.ca.gov",
    "LIVE FREE OR DIE", "Show-Me State", "Big Sky Country", "TREASURE STATE", "THE VOLUNTEER STATE", "Vacationland",
)  # fmt: skip
DEALERS = (
    "AUTOHAUS", "HONDA", "TOYOTA", "Ford of Downtown", "MITSUBISHI", "CAR CENTER", "www.auto.com", "SUBARU", "CHEVROLET", "BMW of",
    "City Motors", "NISSAN", "LAMBORGHINI", "CAPITOL", "SAN FRANCISCO", "VOLKSWAGEN", "Autosalon", "KIA MOTORS", "since 1978",
)  # fmt: skip
CITIES = (
    "SP SAO PAULO", "RJ RIO DE JANEIRO", "MG BELO HORIZONTE", "PR CURITIBA", "RS PORTO ALEGRE", "BA SALVADOR", "BRASIL",
    "REPUBLICA ARGENTINA", "MERCOSUR",
)  # fmt: skip
BAND_CODES = _words("D F I E PL SK CZ A H RO BG HR SLO L NL B P GB IRL S FIN EST LV LT DK N GR UA TR")
MONTHS = _words("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")


def pick(rng: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    """One pattern by weight."""
    return rng.choices([pattern for pattern, _ in weighted], [weight for _, weight in weighted])[0]


def word(rng: random.Random) -> str:
    """A vanity text of two to seven characters, now and then with a gap."""
    if rng.random() < 0.5:
        return rng.choice(WORDS)
    text = "".join(rng.choice(LETTERS if rng.random() < 0.7 else DIGITS) for _ in range(rng.randint(2, 7)))
    if len(text) > 3 and rng.random() < 0.3:
        cut = rng.randint(1, len(text) - 1)
        text = text[:cut] + " " + text[cut:]
    return text


def fill(rng: random.Random, pattern: str) -> str:
    """A plate's text from a pattern; the same letter or digit twice in a row is as likely as on real plates."""
    if pattern == "*":
        return word(rng)
    return "".join(rng.choice(LETTERS) if sign == "L" else rng.choice(DIGITS) if sign == "N" else sign for sign in pattern)

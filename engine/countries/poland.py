"""Poland: its plates' formats and looks; the first letter is the voivodeship."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PL",
    "Poland",
    "Europe",
    (
        Format("[BCDEFGKLNOPRSTWZ]L NNNNN"),
        Format("[BCDEFGKLNOPRSTWZ]L NNNN[ACE-HJ-NPR-Y]"),
        Format("[BCDEFGKLNOPRSTWZ]L NNN[ACE-HJ-NPR-Y]{2}"),
        Format("[BCDEFGKLNOPRSTWZ]L N[ACE-HJ-NPR-Y]NNN", 0.3),
        Format("[BCDEFGKLNOPRSTWZ]L N[ACE-HJ-NPR-Y]{2}NN", 0.3),
        Format("[BCDEFGKLNOPRSTWZ]LL [ACE-HJ-NPR-Y]NNN", 0.5),
        Format("[BCDEFGKLNOPRSTWZ]LL NN[ACE-HJ-NPR-Y]{2}", 0.5),
        Format("[BCDEFGKLNOPRSTWZ]LL N[ACE-HJ-NPR-Y]NN", 0.5),
        Format("[BCDEFGKLNOPRSTWZ]LL NN[ACE-HJ-NPR-Y]N", 0.5),
        Format("[BCDEFGKLNOPRSTWZ]LL N[ACE-HJ-NPR-Y]{2}N", 0.3),
        Format("[BCDEFGKLNOPRSTWZ]LL [ACE-HJ-NPR-Y]{2}NN", 0.3),
        Format("[BCDEFGKLNOPRSTWZ]LL NNNNN", 0.3),
        Format("[BCDEFGKLNOPRSTWZ]LL NNNN[ACE-HJ-NPR-Y]", 0.3),
        Format("[BCDEFGKLNOPRSTWZ]LL NNN[ACE-HJ-NPR-Y]{2}", 0.3),
        Format("[BCDEFGKLNOPRSTWZ]N [0-9A-Z]{3,5}", 0.02, note="chosen text"),
        Format("[BCDEFGKLNOPRSTWZ]L/NNNNN", 0.1, note="two rows"),
        Format("[BCDEFGKLNOPRSTWZ]LL/NNNN[ACE-HJ-NPR-Y]", 0.1, note="two rows"),
        Format("[BCDEFGKLNOPRSTWZ]LL/[ACE-HJ-NPR-Y]NNN", 0.1, note="two rows"),
    ),
    size_mm=(520, 114),
    styles=(
        Style(band="PL", band_colour="blue", separator="hologram"),
        Style("light green", weight=0.1, kind="electric", band="PL", band_colour="blue", separator="hologram"),
        Style("yellow", weight=0.03, kind="historic", band="PL", band_colour="blue", separator="hologram"),
        Style(weight=0.02, ink="red", kind="temporary", band="PL", band_colour="blue", separator="hologram"),
    ),
)

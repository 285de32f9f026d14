"""Poland: its plates' formats and looks; the first letter is the voivodeship."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "PL",
    "Poland",
    "Europe",
    (
        Format("[A-GI-PR-TV-Z]L NNNNN"),
        Format("[A-GI-PR-TV-Z]L NNNN[ACE-HJ-NPR-Y]"),
        Format("[A-GI-PR-TV-Z]L NNN[ACE-HJ-NPR-Y]{2}"),
        Format("[A-GI-PR-TV-Z]L N[ACE-HJ-NPR-Y]NNN", 0.3),
        Format("[A-GI-PR-TV-Z]L N[ACE-HJ-NPR-Y]{2}NN", 0.3),
        Format("[A-GI-PR-TV-Z]LL [ACE-HJ-NPR-Y]NNN", 0.5),
        Format("[A-GI-PR-TV-Z]LL NN[ACE-HJ-NPR-Y]{2}", 0.5),
        Format("[A-GI-PR-TV-Z]LL N[ACE-HJ-NPR-Y]NN", 0.5),
        Format("[A-GI-PR-TV-Z]LL NN[ACE-HJ-NPR-Y]N", 0.5),
        Format("[A-GI-PR-TV-Z]LL N[ACE-HJ-NPR-Y]{2}N", 0.3),
        Format("[A-GI-PR-TV-Z]LL [ACE-HJ-NPR-Y]{2}NN", 0.3),
        Format("[A-GI-PR-TV-Z]LL NNNNN", 0.3),
        Format("[A-GI-PR-TV-Z]LL NNNN[ACE-HJ-NPR-Y]", 0.3),
        Format("[A-GI-PR-TV-Z]LL NNN[ACE-HJ-NPR-Y]{2}", 0.3),
        Format("[A-GI-PR-TV-Z]N [A-Z]{1,3}[0-9A-Z]{2}", 0.02, note="chosen text, of which the last two may be digits"),
        Format("[A-GI-PR-TV-Z]L/NNNNN", 0.1, note="two rows"),
        Format("[A-GI-PR-TV-Z]LL/NNNN[ACE-HJ-NPR-Y]", 0.1, note="two rows"),
        Format("[A-GI-PR-TV-Z]LL/[ACE-HJ-NPR-Y]NNN", 0.1, note="two rows"),
    ),
    size_mm=(520, 114),
    styles=(
        Style(band="PL", band_colour="blue", separator="hologram"),
        Style("light green", weight=0.1, kind="electric", band="PL", band_colour="blue", separator="hologram"),
        Style("yellow", weight=0.03, kind="historic", band="PL", band_colour="blue", separator="hologram"),
        Style(weight=0.02, ink="red", kind="temporary", band="PL", band_colour="blue", separator="hologram"),
    ),
)

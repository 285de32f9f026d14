"""Singapore: its plates' formats and looks; the last letter is a check letter."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SG",
    "Singapore",
    "Asia",
    (
        Format("S[A-HJ-NP-Z]L [1-9]N{0,3} [ABCDEGHJKLMPRSTUXYZ]"),
        Format("[CEFGPQTWXY][A-Z]{1,2} [1-9]N{0,3} [ABCDEGHJKLMPRSTUXYZ]", 0.2, note="others than cars"),
        Format("[EGPSY]L [1-9]N{0,3} [ABCDEGHJKLMPRSTUXYZ]", 0.1, note="earlier"),
        Format("SHL [1-9]N{0,3} [ABCDEGHJKLMPRSTUXYZ]", 0.1, note="taxis"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    styles=(
        Style("black", "white", font="uk", formats=(0, 1, 2)),
        Style(weight=0.4, font="uk", formats=(0, 1, 2)),
        Style("yellow", weight=0.4, font="uk", formats=(0, 1, 2)),
        Style("black", "white", weight=0.1, kind="taxi", font="uk", formats=(3,)),
        Style(weight=0.05, kind="taxi", font="uk", formats=(3,)),
        Style("yellow", weight=0.05, kind="taxi", font="uk", formats=(3,)),
    ),
)

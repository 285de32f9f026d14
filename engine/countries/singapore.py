"""Singapore: its plates' formats; the last letter is a check letter."""

from engine.countries import Country, Format

COUNTRY = Country(
    "SG",
    "Singapore",
    "Asia",
    (
        Format("S[A-HJ-NP-Z]L [1-9]N{0,3} [ABCDEGHJKLMPRSTUXYZ]"),
        Format("[EGPQXY][A-Z]{1,2} [1-9]N{0,3} [ABCDEGHJKLMPRSTUXYZ]", 0.2, note="others than cars"),
        Format("[EGPSY]L [1-9]N{0,3} [ABCDEGHJKLMPRSTUXYZ]", 0.1, note="earlier"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
)

"""Malaysia: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "MY",
    "Malaysia",
    "Asia",
    (
        Format("L{1,3} [1-9]N{0,3}"),
        Format("L{1,3} [1-9]N{0,3} L", 0.5),
        Format("<Q,S>LL [1-9]N{0,3} L", 0.2, note="Sarawak and Sabah"),
        Format("L{1,3}/[1-9]N{0,3}", 0.3, note="two rows"),
        Format("HL{1,2} [1-9]N{0,3}", 0.1, note="taxis"),
    ),
    letters="ABCDEFGHJKLMNPQRSTUVWXYZ",
    styles=(
        Style("black", "white", font="uk", formats=(0, 1, 2, 3)),
        Style(weight=0.1, kind="taxi", font="uk", formats=(4,)),
    ),
)

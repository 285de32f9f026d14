"""Venezuela: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "VE",
    "Venezuela",
    "South America",
    (
        Format("LLNNNLL", note="since 2008"),
        Format("LLL NNL", 0.2, note="until 2008"),
        Format("LNNLLNL", 0.3, note="lorries"),
        Format("LLNLNNL", 0.2, note="motorcycles"),
    ),
    size_mm=(300, 150),
    styles=(Style(header="REPUBLICA BOLIVARIANA DE VENEZUELA|VENEZUELA", footer="DISTRITO CAPITAL|MIRANDA|CARABOBO|ZULIA|ARAGUA"),),
)

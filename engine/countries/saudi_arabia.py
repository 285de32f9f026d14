"""Saudi Arabia: its plates' formats and looks; the Latin row; the Arabic row says the same."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "SA",
    "Saudi Arabia",
    "Middle East",
    (
        Format("NNNN LLL"),
        Format("[1-9]N{0,2} LLL", 0.1),
    ),
    letters="ABDEGHJKLNRSTUVXZ",
    size_mm=(310, 155),
    styles=(
        Style(header="٧٦٥٣ ر ن ص|١٢٤٨ ب ح د|٩٠٣٥ ل ع م|٤٦٢ س ط ق", footer="KSA"),
        Style("yellow", weight=0.1, kind="commercial", header="٧٦٥٣ ر ن ص|١٢٤٨ ب ح د|٩٠٣٥ ل ع م", footer="KSA"),
        Style("blue", "white", weight=0.1, kind="commercial", header="٧٦٥٣ ر ن ص|١٢٤٨ ب ح د|٩٠٣٥ ل ع م", footer="KSA"),
        Style("green", "white", weight=0.02, kind="diplomatic", header="٧٦٥٣ ر ن ص|١٢٤٨ ب ح د", footer="KSA"),
    ),
)

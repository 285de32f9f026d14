"""Egypt: its plates' formats; Arabic digits and letters in the order seen, left to right."""

from engine.countries import Country, Format

COUNTRY = Country(
    "EG",
    "Egypt",
    "Africa",
    (Format("[١٢٣٤٥٦٧٨٩]{1,4} [أابتثجحخدذرزسشصضطظعغفقكلمنهھوىي]{1,3}"),),
    size_mm=(400, 170),
)

"""Canada: its states' plate formats (current and common ones; chosen texts have none)."""

from engine.countries import Country, Format


def _state(code: str, name: str, *formats: Format) -> Country:
    return Country(f"CA-{code}", name, "North America", formats, size_mm=(305, 152))


COUNTRY = Country(
    "CA",
    "Canada",
    "North America",
    (),
    size_mm=(305, 152),
    states=(
        _state("AB", "Alberta", Format("LLL-NNNN"), Format("LLL-NNN", 0.5)),
        _state("BC", "British Columbia", Format("LLN NNL"), Format("LLL NNN", 0.3), Format("NNN LLL", 0.5)),
        _state("MB", "Manitoba", Format("LLL NNN")),
        _state("NB", "New Brunswick", Format("LLL NNN")),
        _state("NL", "Newfoundland and Labrador", Format("LLL NNN")),
        _state("NS", "Nova Scotia", Format("LLL NNN")),
        _state("NT", "Northwest Territories", Format("NNN NNN")),
        _state("NU", "Nunavut", Format("NNN NNN")),
        _state(
            "ON",
            "Ontario",
            Format("LLLL NNN"),
            Format("LLL NNN", 0.2, note="earlier"),
            Format("LL NNNNN", 0.2, note="trucks"),
            Format("NNN LLL", 0.05, note="earlier"),
        ),
        _state("QC", "Quebec", Format("LNN LLL"), Format("NNN LLL", 0.7)),
        _state("SK", "Saskatchewan", Format("NNN LLL")),
        _state("YT", "Yukon", Format("LLL NN")),
    ),
)

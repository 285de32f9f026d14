"""Australia: its states' plate formats (current and common ones; chosen texts have none)."""

from engine.countries import Country, Format


def _state(code: str, name: str, *formats: Format) -> Country:
    return Country(f"AU-{code}", name, "Oceania", formats, size_mm=(372, 134))


COUNTRY = Country(
    "AU",
    "Australia",
    "Oceania",
    (),
    size_mm=(372, 134),
    states=(
        _state("ACT", "Australian Capital Territory", Format("YLL-NNL"), Format("YLL-NNN", 0.3)),
        _state("NSW", "New South Wales", Format("LLL-NNL", 0.7, note="since 2021"), Format("LL-NN-LL"), Format("LLL-NNN", 0.3)),
        _state("NT", "Northern Territory", Format("C[A-Z] NN LL")),
        _state("QLD", "Queensland", Format("NNN-LLL"), Format("NNN-LLN", 0.6, note="since 2020")),
        _state("SA", "South Australia", Format("SNNN-LLL"), Format("LLL-NNN", 0.2, note="earlier")),
        _state("TAS", "Tasmania", Format("L NN LL"), Format("LL-NNNN", 0.1, note="earlier")),
        _state("VIC", "Victoria", Format("[12]LL-[0-9]LL", note="since 2013"), Format("LLL-NNN", 0.7)),
        _state("WA", "Western Australia", Format("1LLL-NNN")),
    ),
)

"""`engine countries`: lists the countries and states whose plate formats are known; --markdown prints docs/countries.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from engine.countries import Country, regions

HEAD = """# Countries

Whose plate formats are known: what the region and country picker offers (manual 3.3, First access) and what the ranking settles
look-alikes by. This page is printed by `python -m engine countries --markdown`.

Formats: `L` a letter, `N` a digit, `[..]` one of these characters, `<..>` one of these words, `@` one of the country's area
codes, `(..)` may be missing, `{1,3}` so many, `/` a new row; other characters stand for themselves. The number behind a
format says how common it is (1 the usual one). The grammar is described in `engine/countries/_description.py`; a country is
added by one file in `engine/countries/`. Looks: the characters' colour on the plate's, the band's letters and the strip's
colour where there are such, the type of plate that this look tells where it is not the ordinary car's.
"""


def main(arguments: Sequence[str]) -> int:
    """Prints the list; 0."""
    parser = argparse.ArgumentParser(prog="python -m engine countries", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="as the page docs/countries.md")
    chosen = parser.parse_args(arguments)
    print(markdown() if chosen.markdown else plain_list(), end="")
    return 0


def plain_list() -> str:
    """One line for each country: code, region, name."""
    return "".join(f"{each.code:7} {each.region:14} {each.name}\n" for some in regions().values() for each in some)


def markdown() -> str:
    """The page docs/countries.md."""
    known = [each for some in regions().values() for each in some]
    states = sum("-" in each.code for each in known)
    page = [HEAD, f"{len(known) - states} countries, {states} states and provinces.\n"]
    for region, some in regions().items():
        page.append(f"\n## {region}\n\n| code | name | formats | letters of `L` | looks |\n| --- | --- | --- | --- | --- |\n")
        page += [f"| {each.code} | {each.name} | {_formats(each)} | {_letters(each)} | {_looks(each)} |\n" for each in some]
    return "\n".join(page[:2]) + "".join(page[2:])


def _formats(each: Country) -> str:
    if each.states:
        return "those of its states"
    lines = []
    for fmt in each.formats:
        pattern = fmt.pattern.replace("|", "\\|")
        lines.append(f"`{pattern}` {fmt.weight:g}" + (f" ({fmt.note})" if fmt.note else ""))
    return "<br>".join(lines)


def _letters(each: Country) -> str:
    if each.states or not any("L" in fmt.pattern for fmt in each.formats):
        return ""
    missing = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in each.letters]
    if not missing:
        return "A-Z"
    return f"A-Z without {' '.join(missing)}" if len(missing) <= 6 else each.letters


def _looks(each: Country) -> str:
    """One line for each look that differs in what it says here."""
    if each.states:
        return ""
    lines = []
    for style in each.styles:
        band = f", {style.band or 'band'} {style.band_colour}".rstrip() if style.band or style.band_colour else ""
        strip = f", {style.header_ground} strip" if style.header_ground else ""
        lines.append(f"{style.ink} on {style.ground}{band}{strip}" + (f": {style.kind}" if style.kind else ""))
    return "<br>".join(dict.fromkeys(lines))

"""South Korea: its plates' formats; one Korean syllable between the digits."""

from engine.countries import Country, Format

COUNTRY = Country(
    "KR",
    "South Korea",
    "Asia",
    (Format("NN(N)[가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배] NNNN"),),
)

"""Vietnam: its plates' formats; the first number is the province, 11 to 99."""

from engine.countries import Country, Format

COUNTRY = Country(
    "VN",
    "Vietnam",
    "Asia",
    (
        Format("[1-9]NL-NNN.NN"),
        Format("[1-9]NL-NNNN", 0.3, note="until 2010"),
        Format("[1-9]NLL-NNN.NN", 0.1, note="companies, diplomats, motorcycles"),
        Format("[1-9]NLL-NNNN", 0.05, note="companies, earlier"),
        Format("LL-NN-NN", 0.05, note="army"),
        Format("[1-9]N-L[1-9]/NNNN(N)", 0.5, note="motorcycles"),
    ),
    letters="ABCDEFGHKLMNPRSTUVXYZ",
)

"""Ireland: its plates' formats."""

from engine.countries import Country, Format

COUNTRY = Country(
    "IE",
    "Ireland",
    "Europe",
    (Format("NN([12])-@-N{1,6}"),),
    codes="C CE CN CW D DL G KE KK KY L LD LH LK LM LS MH MN MO OY RN SO T TN TS W WD WH WW WX",
)

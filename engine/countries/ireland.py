"""Ireland: its plates' formats and looks."""

from engine.countries import Country, Format, Style

COUNTRY = Country(
    "IE",
    "Ireland",
    "Europe",
    (
        Format("NN([12])-@-N{1,6}"),
        Format("Z[VZ] N{1,5}", 0.02, note="vintage and visitors"),
    ),
    codes="C CE CN CW D DL G KE KK KY L LD LH LK LM LS MH MN MO OY RN SO T TN TS W WD WH WW WX",
    styles=(
        Style(
            band="IRL",
            band_colour="blue",
            header="BAILE ÁTHA CLIATH|CORCAIGH|GAILLIMH|CILL DARA|LIMISTÉAR LUIMNIGH|DÚN NA nGALL|AN MHÍ",
            separator="dash",
        ),
    ),
)

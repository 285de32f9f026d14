"""Plate OCR network: 64x128 grey in; out a softmax over the alphabet for each of twelve slots, and a logit per country.

A plain 3x3 convolution trunk, then for every slot a soft attention over the 8x32 places of the last feature map
(a layout branch sees the whole plate, a local branch sees characters), then one classifier shared by all slots.
The country head sees the layout and the mean of the features. Only CONV_2D, ADD, RESHAPE, FULLY_CONNECTED, TRANSPOSE,
SOFTMAX, MEAN, CONCATENATION and BATCH_MATMUL remain after conversion.
"""

from __future__ import annotations

from typing import Any

HEIGHT_PX = 64
WIDTH_PX = 128
SLOTS = 12

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
CHINESE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼学警港澳挂使领应急"
ARABIC = "٠١٢٣٤٥٦٧٨٩" + "۴۵۶" + "اأبتثجحخدذرزسشصضطظعغفقكلمنهھوىي" + "پژکگ"
KOREAN = (
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배울산대인천광전경기강원충북남제세종국합육해공"
)
THAI = "กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"
KANA = "あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆよらりるれろわをん"
ALPHABET = ("", *LATIN, *CHINESE, *ARABIC, *KOREAN, *THAI, *KANA)
"""One code point a symbol; the same shape has one symbol (Persian digits but 4, 5 and 6 are the Arabic ones, and so on)."""

_CODES = """
AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF
CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR
KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC
NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU
WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = tuple(_CODES.split())
"""The order of the country logits: ISO 3166-1 alpha-2 and XK (Kosovo), so that a country described later has its place."""


def build(batch: int | None = None) -> Any:
    """The Keras model: input (batch, 64, 128, 1) as grey / 127.5 - 1; outputs (batch, 12, symbols) probabilities and
    (batch, countries) logits."""
    import tensorflow as tf

    layers = tf.keras.layers

    def conv(x: Any, filters: int, stride: Any = 1, relu: bool = True) -> Any:
        x = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.98)(x)
        return layers.ReLU(6.0)(x) if relu else x

    def residual(x: Any, filters: int) -> Any:
        return layers.ReLU(6.0)(layers.Add()([x, conv(x, filters, relu=False)]))

    def dense(x: Any, width: int) -> Any:
        return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.98)(layers.Dense(width, use_bias=False)(x)))

    picture = layers.Input((HEIGHT_PX, WIDTH_PX, 1), batch_size=batch)
    x = conv(conv(picture, 16, 2), 24)
    x = residual(conv(x, 48, 2), 48)
    features = residual(conv(x, 80, (2, 1)), 80)  # 8 x 32 x 80
    places = 8 * 32

    plan = conv(conv(features, 48, 2), 48)
    plan = dense(layers.Flatten()(layers.Conv2D(12, 1)(plan)), 128)
    layout = layers.Reshape((SLOTS, places))(layers.Dense(SLOTS * places)(plan))

    local = layers.Reshape((places, SLOTS))(layers.Conv2D(SLOTS, 1)(features))
    attention = layers.Softmax(dtype="float32")(layers.Add()([layout, layers.Permute((2, 1))(local)]))

    cells = layers.Reshape((places, 80))(features)
    glimpses = tf.matmul(tf.cast(attention, cells.dtype), cells)  # (batch, 12, 80)
    x = layers.Reshape((1, SLOTS, 80))(glimpses)
    x = layers.Conv2D(128, 1, use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.98)(x))
    x = layers.Conv2D(len(ALPHABET), 1)(x)
    x = layers.Reshape((SLOTS, len(ALPHABET)))(x)
    slots = layers.Softmax(dtype="float32", name="slots")(x)

    look = layers.Concatenate()([plan, layers.GlobalAveragePooling2D()(features)])
    country = layers.Dense(len(COUNTRIES), dtype="float32", name="country")(dense(look, 64))
    return tf.keras.Model(picture, (slots, country), name="plate_ocr")

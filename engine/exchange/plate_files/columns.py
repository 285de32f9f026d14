"""Columns: what a file may say about a plate: the entry's field, its names in files, how it is read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.exchange.plate_files.dates import SheetDay, SheetPower, Unknown, read_limit, write_limit
from engine.exchange.plate_files.hours import read_hours, write_hours
from engine.lists import STRAY


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts of a file are interpreted. `zone`: of times without an offset; `order`: one of dates.ORDERS."""

    zone: ZoneInfo
    order: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`name`: the field of ListEntry and its name in our own files; `manual`: its name in the manual's files, "" if they lack
    it; `headings`: what people call it, compared without case, spaces and marks. `read` raises ConfigError."""

    name: str
    manual: str
    headings: tuple[str, ...]
    read: Callable[[object, Reading], Any]
    write: Callable[[Any, ZoneInfo], str]

    @property
    def written(self) -> str:
        """The attribute or heading in files that we write."""
        return self.manual or self.name


_MADE_BY_A_SPREADSHEET = re.compile(r"\d+([.,]\d+)?E[+-]?\d{2,}", re.IGNORECASE)


def _plate(value: object, reading: Reading) -> str:
    text = _text(value, reading)
    if isinstance(value, SheetPower) or (_MADE_BY_A_SPREADSHEET.fullmatch(text) and not text.isalnum()):
        raise ConfigError(
            "{text!r} is what a spreadsheet makes of a plate that looks like a number: type it as a text", text=text[:40]
        )
    if isinstance(value, SheetDay | Unknown | float):
        raise ConfigError("{text!r} is no text: a spreadsheet has changed the plate; type it as a text", text=text[:40])
    if "\t" in text:  # the first line has no tab, so that none was taken for a separator
        raise ConfigError(STRAY, character="\t")
    return text


def _text(value: object, reading: Reading) -> str:
    return str(value).strip()


def _number(value: object, reading: Reading) -> int | None:
    text = str(value).strip()
    if text.endswith(".0"):
        text = text[:-2]
    if not text:
        return None
    if not text.isdecimal() or len(text) > 12:
        raise ConfigError("{text!r} is no whole number", text=text[:40])
    return int(text)


def _same(value: Any, zone: ZoneInfo) -> str:
    return "" if value is None else str(value)


_PLATE = (
    "plate", "license plate", "licence plate", "plate number", "license plate number", "registration", "registration number",
    "license plate no", "plate no", "kennzeichen", "kfz kennzeichen", "amtliches kennzeichen", "autokennzeichen", "nummernschild",
    "immatriculation", "plaque", "matricula", "numero de matricula", "placa", "numero de placa", "targa", "kenteken", "tablica",
    "номер", "车牌", "车牌号", "车牌号码", "車牌", "車牌號", "車牌號碼", "車號", "車牌編號", "牌照", "牌照號碼",
)  # fmt: skip
_DESCRIPTION = (
    "comment", "note", "remark", "name", "beschreibung", "bemerkung", "descripcion", "descrizione", "omschrijving",
    "备注", "備註", "說明",
)  # fmt: skip
_FROM = (
    "valid from", "from", "start", "start date", "start time", "valid since", "gueltig ab", "gultig ab", "gueltig von",
    "gultig von", "gultigkeit ab", "gultigkeitsbeginn", "von", "ab", "beginn", "beginndatum", "valide du", "valable du",
    "valable a partir du", "date de debut", "debut", "desde", "valido desde", "valida desde", "vigente desde", "vigencia desde",
    "fecha desde", "fecha inicio", "fecha de inicio", "fecha inicial", "inicio", "valido dal", "valido da", "data inizio",
    "inizio", "geldig van", "geldig vanaf", "vanaf", "begindatum", "startdatum", "wazny od", "od", "действует с", "有效期起",
    "有效起始日期", "开始时间", "开始日期", "開始日期", "開始時間", "開始", "起始日期", "起始時間", "有效自", "有效起始",
    "生效日期", "生效時間",
)  # fmt: skip
_UNTIL = (
    "valid until", "valid to", "valid till", "valid through", "valid thru", "until", "till", "to", "end", "end date", "end time",
    "expires", "expires on", "expires at", "expiry", "expiry date", "expiration", "expiration date", "expire date", "gueltig bis",
    "gultig bis", "gultigkeit bis", "gultigkeitsende", "bis", "ende", "enddatum", "endet am", "befristet bis", "ablauf",
    "ablaufdatum", "laeuft ab", "lauft ab", "lauft ab am", "date d'expiration", "date expiration", "expiration le",
    "data di scadenza", "valable jusqu'au", "valide jusqu'au", "jusqu'au", "valide au", "date de fin", "fin", "expire le",
    "hasta", "valido hasta", "valida hasta", "vigente hasta", "vigencia hasta", "fecha hasta", "fecha fin", "fecha de fin",
    "fecha final", "caduca", "caducidad", "fecha de caducidad", "fecha caducidad", "expira", "vence", "vencimiento",
    "fecha de vencimiento", "fecha vencimiento", "valido fino al", "valido al", "fino al", "data fine", "fine", "scadenza",
    "validade", "geldig tot", "tot", "einddatum", "vervaldatum", "wazny do", "ważny do", "do", "data waznosci", "data ważności",
    "действует до", "годен до", "срок действия", "有效期", "有效期至", "有效期止", "有效期限", "有效日期", "到期日", "到期日期",
    "到期时间", "到期時間", "截止日期", "截止时间", "截止時間", "失效日期", "失效時間", "结束时间", "结束日期", "結束日期",
    "結束時間", "結束", "終止日期", "到期", "有效至", "有效截止", "有效截止日期",
)  # fmt: skip
"""What is not known as an end is left out with its column, and its plates are valid for ever."""

_FACILITY = (
    "facility",
    "facility code",
    "site code",
    "wiegand facility",
    "wiegand-anlage",
    "codigo de instalacion wiegand",
    "wiegand 設施碼",
)
_OWNER = ("owner", "holder", "halter", "besitzer", "proprietaire", "titular", "proprietario", "車主")
_GROUP = ("group", "gruppe", "groupe", "grupo", "gruppo", "department", "company", "firma", "群組")
_LEFT = ("entries left", "visits", "visits left", "rest-einfahrten", "accesos restantes", "剩餘次數")
_CARD = ("card", "card number", "wiegand number", "wiegand card", "wiegand-karte", "tarjeta wiegand", "wiegand 卡號")

COLUMNS: Mapping[str, Column] = {
    each.name: each
    for each in (
        Column("plate", "numberplate", _PLATE, _plate, _same),
        Column("description", "description", _DESCRIPTION, _text, _same),
        Column(
            "valid_from",
            "startvaliditydate",
            _FROM,
            lambda value, reading: read_limit(value, reading.zone, False, reading.order),
            lambda at, zone: write_limit(at, zone, False),
        ),
        Column(
            "valid_until",
            "endvaliditydate",
            _UNTIL,
            lambda value, reading: read_limit(value, reading.zone, True, reading.order),
            lambda at, zone: write_limit(at, zone, True),
        ),
        Column("wiegand_facility", "", _FACILITY, _number, _same),
        Column("wiegand_card", "", _CARD, _number, _same),
        Column("owner", "", _OWNER, _text, _same),
        Column("email", "", ("email", "mail", "email address", "correo electronico", "電子郵件"), _text, _same),
        Column("group", "", _GROUP, _text, _same),
        Column(
            "week",
            "",
            ("hours", "weekly hours", "week", "wochenzeiten", "horario semanal", "每週時段"),
            lambda value, reading: read_hours(str(value).strip()),
            lambda week, zone: write_hours(week),
        ),
        Column("entries_left", "", _LEFT, _number, _same),
    )
}
"""By field, in the order in which files list them."""

MANUAL = tuple(each for each in COLUMNS.values() if each.manual)
FURTHER = tuple(each for each in COLUMNS.values() if not each.manual)

_IDLE = frozenset(("id", "nlelemlist-id", "listid", "sendserver", "dateserver", "reserve", "timestamp"))
"""What else the manual's files say beside a plate: nothing about it."""

BY_WRITTEN = {each.written: each for each in COLUMNS.values()}


def strange(names: Iterable[str]) -> list[str]:
    """Those, of a file as the manual has it, that say nothing here."""
    return [each for each in names if each not in BY_WRITTEN and each not in _IDLE]


def plain_heading(text: str) -> str:
    """A heading normalised for comparison: "Gültig bis" -> "gultigbis"."""
    import unicodedata

    found = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in found if each.isalnum())


BY_HEADING = {
    plain_heading(each): column for column in COLUMNS.values() for each in (column.written, column.name, *column.headings)
}
"""Headings of tables that people make."""

"""Files of plates: the manual's own samples, what spreadsheets make of lists, and broken ones, each with what is wrong."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError
from board.kit.languages import languages
from engine.exchange.plate_files import workbook_file
from engine.exchange.plate_files.columns import BY_HEADING, COLUMNS, plain_heading
from engine.exchange.plate_files.dates import read_limit, write_limit
from engine.exchange.plate_files.hours import read_hours, write_hours
from engine.exchange.plate_files.reading import ReadEntry, read
from engine.exchange.plate_files.rows import MOST_COUNTED, FileList, FileRefused, Head, Numbers
from engine.exchange.plate_files.table import LIST_HEADINGS
from engine.formats.workbook import write_workbook
from engine.lists import EARLIEST, LATEST
from engine.plates import EntryForm
from engine.store.coming import Refusals
from engine.types import ALWAYS, WeekSchedule
from engine.week import schedule
from tests.unit.engine.exchange.manual import MANUAL_CSV, MANUAL_XML
from webui.view.told import week

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def entries(path: Path, content: str | bytes, name: str = "", order: str = "") -> tuple[Head, list[ReadEntry]]:
    path = path / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    head, refusals = Head(), Refusals()
    found = list(read(path, BERLIN, refusals, head, name, order))
    refusals.check()
    return head, found


def refused(path: Path, content: str | bytes, name: str = "") -> str:
    with pytest.raises(ConfigError) as why:
        entries(path, content, name)
    return str(why.value)


def shown(found: list[ReadEntry]) -> list[tuple[object, ...]]:
    return [(each.line, each.list_name, each.values["plate"], each.values["description"]) for each in found]


# --- the manual's ------------------------------------------------------------------------------------------------------


def test_the_manuals_xml(tmp_path: Path) -> None:
    head, found = entries(tmp_path, MANUAL_XML, "XML")
    assert head.lists == {"EMPLOYEES": FileList("EMPLOYEES")}
    assert shown(found) == [(13, "EMPLOYEES", "AAA123", "EMP 1"), (18, "EMPLOYEES", "BBB321", "EMP 2")]
    assert {(each.values["valid_from"], each.values["valid_until"]) for each in found} == {(EARLIEST, LATEST)}
    assert {each.given for each in found} == {frozenset(("plate", "description", "valid_from", "valid_until"))}


def test_the_manuals_csv(tmp_path: Path) -> None:
    head, found = entries(tmp_path, MANUAL_CSV, "CSV")
    assert head.lists == {"BLACKLIST": FileList("BLACKLIST", "#000000")}
    assert shown(found) == [(4, "BLACKLIST", "AAA123", "Description 1"), (5, "BLACKLIST", "BBB123", "Description 2")]
    assert [each.values["valid_from"] for each in found] == [
        datetime(2019, 2, 26, 17, 40, tzinfo=UTC),
        datetime(2019, 2, 25, 17, 43, 6, tzinfo=UTC),
    ]
    assert found[0].values["valid_until"] == LATEST


def xml(rows: str, lists: str = '<nllist id="3" description="STAFF" color=""/>', before: str = "") -> str:
    return f"{before}<grouplist><nllists>{lists}</nllists><nlelemlists>{rows}</nlelemlists></grouplist>"


LAUGHS = (
    "<!DOCTYPE lolz [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {b} '&{a};&{a};&{a};'>" for a, b in zip("abcdef", "bcdefg", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(MANUAL_XML[:-40], "line 18: not XML: unclosed token", id="cut-off"),
        pytest.param(MANUAL_XML.replace('listid="3"', 'listid="4"'), "line 13: its list '4' is not in this file", id="list-id"),
        pytest.param(
            MANUAL_XML.replace('id="2"', 'id="1"'), "line 18: the number 1 of a plate is there twice", id="entry-id-twice"
        ),
        pytest.param(MANUAL_XML.replace('id="2"', 'id="x"'), "line 18: 'x' is not the number (id) of a plate", id="entry-id"),
        pytest.param(
            MANUAL_XML.replace('id="3" s', 'id="-3" s'), "line 7: '-3' is not the number (id) of a list", id="list-number"
        ),
        pytest.param(
            MANUAL_XML.replace("3000-01-01", "3000-13-01"),
            "line 13: endvaliditydate: '3000-13-01T00:00:00.000' is no date; write it as 2026-05-31T18:00 or 31.05.2026 18:00",
            id="date",
        ),
        pytest.param(
            MANUAL_XML.replace("2000-01-01T00:00:00.000", "2026-02-30T00:00:00.000"),
            "'2026-02-30T00:00:00.000' is no date",
            id="day",
        ),
        pytest.param(xml("", before=LAUGHS), "line 1: a document type definition (DOCTYPE) is not taken", id="billion-laughs"),
        pytest.param(
            xml("", before='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
            "line 1: a document type definition (DOCTYPE) is not taken",
            id="external-entity",
        ),
        pytest.param(xml("&x;"), "line 1: not XML: undefined entity", id="entity"),
        pytest.param("<html><body/></html>", "line 1: it begins with html, not with grouplist: no list of plates", id="other"),
        pytest.param(xml("<a>" * 100), "line 1: elements within elements without end", id="deep"),
        pytest.param(f"<?gatewright {'a' * 250_000}?><html/>", "it begins with html", id="long-instruction"),  # took minutes
        pytest.param(f'<grouplist a="{"x" * 600_000}', "line 1: an element without an end", id="long-element"),
        pytest.param(xml('<nlelemlist id="1" listid="3"/>'), "line 1: the plate (numberplate) is missing", id="no-plate"),
        pytest.param(
            b'<?xml version="1.0" encoding="utf-8"?>' + xml("\xe4").encode("latin-1"), "not XML: not well-formed", id="charset"
        ),
        pytest.param(
            '<?xml version="1.0" encoding="klingon"?><grouplist/>',
            "its character set is not known: save it as UTF-8",
            id="unknown-charset",
        ),
        pytest.param(
            '<?xml version="1.0" encoding="gb2312"?><grouplist/>', "character set is not known", id="charset-of-several-bytes"
        ),
        pytest.param(b"\x1f\x8b\x08\x00" + bytes(100), "the file is packed (gzip): unpack it first", id="gzip"),
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b" \r\n", "the file is empty", id="blank"),
    ],
)
def test_a_broken_xml_file_says_where_and_what(tmp_path: Path, content: str | bytes, says: str) -> None:
    assert says in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(
            MANUAL_CSV[: MANUAL_CSV.index("nlelemlist-id")], "the second heading is missing (nlelemlist-id)", id="one-block"
        ),
        pytest.param(MANUAL_CSV[:-40], "line 5: it has 6 of 7 columns: the file was cut off", id="cut-off"),
        pytest.param(MANUAL_CSV.replace("2;BBB123;1", "2;BBB123;7"), "line 5: its list '7' is not in this file", id="list-id"),
        pytest.param(
            MANUAL_CSV.replace("2;BBB", "1;BBB"), "line 5: '1' is not the number of a plate, or it is there twice", id="id"
        ),
        pytest.param(MANUAL_CSV.replace("2019-02-25", "2019-02-29"), "line 5: startvaliditydate: '2019-02-29T18", id="date"),
        pytest.param(MANUAL_CSV.replace("numberplate", "plate"), "line 3: the column numberplate is missing", id="heading"),
        pytest.param("a;b\n1;2\n", "line 1: no column is headed plate", id="no-headings"),
        pytest.param('plate;note\n"AB1;x\n', "line 2: not CSV: unexpected end of data", id="quote"),
        pytest.param("plate,plate\nA1,B1\n", "line 1: two columns say the same: plate", id="twice"),
        pytest.param("Kennzeichen;Name;Bemerkung\nA1;B;C\n", "line 1: two columns say the same: Name, Bemerkung", id="alike"),
        pytest.param("plate\n1.20E+05\n", "line 2: plate: '1.20E+05' is what a spreadsheet makes of a plate", id="exponent"),
        pytest.param(bytes(range(1, 256)), "its character set is not certain, or it is no text", id="binary"),
        pytest.param(
            "plate\nÀ123ÂÑ77\n".encode("latin-1"), "line 2: 'À123ÂÑ77': the file's character set is not certain", id="cyrillic"
        ),
        pytest.param("\ufeffplate\nA1\n".encode("utf-16")[:-1], "its character set is not certain", id="half-a-character"),
        pytest.param(
            "plate\n" + "," * 200_000, "a line has more than 100000 characters: this is no table of plates", id="long-line"
        ),
        pytest.param("plate,valid until\nA1,5/6/2026\n", "'5/6/2026' can mean two days", id="two-days"),
    ],
)
def test_a_broken_csv_file_says_where_and_what(tmp_path: Path, content: str | bytes, says: str) -> None:
    assert says in refused(tmp_path, content)


def test_a_file_of_another_format_than_was_said_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, MANUAL_CSV, "XML") == "this is no XML file, it looks like CSV"


def test_a_file_that_is_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "long").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(FileRefused, match="the file has 1024 MB; at most 64 are taken"):
        next(read(tmp_path / "long", BERLIN, Refusals(), Head()))


# --- tables that people make --------------------------------------------------------------------------------------------

PEOPLE = 'Kennzeichen;Beschreibung;Gültig bis\nMÜ-AB 1;Müller; 31.05.2026\n;;\n=B-C 2;"a;""b""";\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [";", ",", "\t"], ids=["semicolon", "comma", "tab"])
def test_a_table_of_people_in_any_character_set_and_with_any_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    text = PEOPLE.replace(";", separator).replace(f'"a{separator}', f'"a{separator}')
    _, found = entries(tmp_path, text.encode(encoding))
    assert shown(found) == [(2, "", "MÜ-AB 1", "Müller"), (4, "", "=B-C 2", f'a{separator}"b"')]
    assert found[0].values["valid_until"] == datetime(2026, 5, 31, 22, tzinfo=UTC)
    assert found[1].values["valid_until"] == LATEST


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old-mac"])
def test_a_column_of_plates_without_a_heading(tmp_path: Path, ends: str) -> None:
    assert [each.values["plate"] for each in entries(tmp_path, ends.join(("AB 1", "CD 2", "")))[1]] == ["AB 1", "CD 2"]


@pytest.mark.parametrize("first", ["Our guests", "plate"])
def test_a_tab_within_a_plate_parts_it_from_what_would_have_been_its_end(tmp_path: Path, first: str) -> None:
    said = refused(tmp_path, f"{first}\nAB1\t2026-01-31\n")
    assert "line 2: " in said
    assert said.endswith(r"'\t' is neither a letter nor a digit")


def test_what_is_wrong_in_a_table_of_people_is_told_under_their_heading(tmp_path: Path) -> None:
    assert "Gültig bis: 'bald' is no date" in refused(tmp_path, "Kennzeichen;Gültig bis\nAB1;bald\n")


def test_a_separator_that_the_first_line_names(tmp_path: Path) -> None:
    assert shown(entries(tmp_path, "sep=|\nplate|description\nAB1|x;y,z\n")[1]) == [(3, "", "AB1", "x;y,z")]


def workbook(head: list[str], rows: list[list[object]]) -> bytes:
    out = io.BytesIO()
    write_workbook(out, head, rows)
    return out.getvalue()


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BOOK = f'<workbook {MAIN} xmlns:r="r"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>'
TEXTS = (
    f"<sst {MAIN}><si><t>plate</t></si><si><t>valid until</t></si>"
    "<si><r><t>MÜ </t></r><r><t>AB1</t></r><rPh><t>no</t></rPh></si></sst>"
)
STYLES = (
    f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/>'
    '<numFmt numFmtId="165" formatCode="[Red]0.0&quot;d&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
)
SHEET = (
    f'<worksheet {MAIN}><sheetData><row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c></row>'
    '<row r="4"><c r="A4" t="s"><v>2</v></c><c r="C4" s="1"><v>46353</v></c></row>'
    '<row r="5"><c r="A5"><v>12345</v></c><c r="C5" s="2"><v>46353.75</v></c></row>'
    '<row r="6"><c r="A6" t="str"><f>"X"&amp;1</f><v>X1</v></c><c r="C6" s="3"><v>46353</v></c></row>'
    '<row r="7"><c r="A7" t="inlineStr"><is><t>12E4</t></is></c></row>'
    '<row r="8"><c r="B8" t="b"><v/></c></row></sheetData></worksheet>'
)
PARTS = {"xl/workbook.xml": BOOK, "xl/sharedStrings.xml": TEXTS, "xl/styles.xml": STYLES, "xl/worksheets/sheet1.xml": SHEET}


def test_a_workbook_as_excel_writes_it(tmp_path: Path) -> None:
    _, found = entries(tmp_path, packed(PARTS))
    assert [(each.line, each.values["plate"]) for each in found] == [(4, "MÜ AB1"), (5, "12345"), (6, "X1"), (7, "12E4")]
    until = [each.values["valid_until"] for each in found]
    whole = datetime(2026, 11, 27, 23, tzinfo=UTC)
    assert until == [whole, datetime(2026, 11, 27, 17, tzinfo=UTC), whole, LATEST]


@pytest.mark.parametrize("style", ['numFmtId="22"', 'numFmtId="164"'])
def test_an_end_that_is_shown_as_midnight_is_midnight_and_not_the_day_as_a_whole(tmp_path: Path, style: str) -> None:
    """As in a text: 28.11.2026 00:00. Whoever typed 27.11.2026 24:00 sees that, and the plate was valid for a day longer."""
    styles = STYLES.replace("dd\\.mm\\.yyyy", "dd\\.mm\\.yyyy\\ hh:mm").replace('<xf numFmtId="164"/>', f"<xf {style}/>")
    found = entries(tmp_path, packed(PARTS | {"xl/styles.xml": styles, "xl/worksheets/sheet1.xml": SHEET.replace(".75", "")}))[1]
    first, second = (each.values["valid_until"] for each in found[:2])
    assert (first, second) == (datetime(2026, 11, 27, 23, tzinfo=UTC), datetime(2026, 11, 26, 23, tzinfo=UTC))
    assert entries(tmp_path, "plate;valid until\nA1;27.11.2026 00:00\n")[1][0].values["valid_until"] == second


def test_a_workbook_of_an_old_mac_counts_its_days_from_1904(tmp_path: Path) -> None:
    parts = PARTS | {"xl/workbook.xml": BOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')}
    found = entries(tmp_path, packed(parts | {"xl/worksheets/sheet1.xml": SHEET.replace("46353", "44891")}))[1]
    assert found[0].values["valid_until"] == datetime(2026, 11, 27, 23, tzinfo=UTC)


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet(*rows: str, after: str = "") -> str:
    numbered = "".join(f'<row r="{at}">{row}</row>' for at, row in enumerate(rows, 1))
    return f"<worksheet {MAIN}><sheetData>{numbered}</sheetData>{after}</worksheet>"


MERGED = '<mergeCells><mergeCell ref="C2:C3"/></mergeCells>'
HEADINGS = cell("A1", "plate") + cell("B1", "list") + cell("C1", "valid until")


def test_merged_cells_count_for_each_row_that_they_stand_beside(tmp_path: Path) -> None:
    """Only the first of them has the value: the others let their cars in for ever, on whatever list was chosen."""
    merged = "".join(f'<mergeCell ref="{each}"/>' for each in ("C2:C3", "B2:B4", "D1:F1", "A5:A6"))
    content = sheet(
        HEADINGS,
        cell("A2", "AAA1") + cell("B2", "BLACK") + cell("C2", "2026-01-31"),
        cell("A3", "AAA2"),
        cell("A4", "AAA3"),
        cell("A5", "AAA4"),
        after=f"<mergeCells>{merged}</mergeCells>",
    )
    found = entries(tmp_path, packed(PARTS | {"xl/worksheets/sheet1.xml": content}))[1]
    ends = datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert [(each.values["plate"], each.list_name, each.values["valid_until"]) for each in found] == [
        ("AAA1", "BLACK", ends),
        ("AAA2", "BLACK", ends),
        ("AAA3", "BLACK", LATEST),
        ("AAA4", "", LATEST),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_merged_cells_are_found_in_any_encoding_and_where_a_piece_of_the_sheet_ends(tmp_path: Path, encoding: str) -> None:
    content = sheet(HEADINGS, cell("A2", "AAA1") + cell("C2", "2026-01-31"), cell("A3", "AAA2"), after="<a>%s</a>" + MERGED)
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    for end in range(30, 50):  # of the first piece, seen from the start of what is merged
        filled = (mark + content) % ("x" * ((1 << 16) // (1 if encoding == "utf-8-sig" else 2) - content.index("%s") - end))
        _, found = entries(tmp_path, packed(PARTS | {"xl/worksheets/sheet1.xml": filled.encode(encoding)}))
        assert found[1].values["valid_until"] != LATEST, end


TITLED = sheet(cell("A1", "Our guests"), cell("A3", "plate") + cell("B3", "until"), cell("A4", "AB1") + cell("B4", "2026-01-31"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("Our guests;;\nplate;until;\nAB1;2026-01-31;\n", id="text"),
        pytest.param("AB1;;\nAB2;2026-01-31;\n", id="no headings"),
        pytest.param(packed(PARTS | {"xl/worksheets/sheet1.xml": TITLED}), id="workbook"),
    ],
)
def test_a_title_over_a_table_makes_no_plates_that_are_valid_for_ever(tmp_path: Path, content: str | bytes) -> None:
    """It was taken for the first plate of a column, and the other columns were left out."""
    assert refused(tmp_path, content).startswith("line 1: no column is headed plate")


def test_merged_headings_are_no_plates(tmp_path: Path) -> None:
    content = sheet(HEADINGS, cell("D2", "day"), after='<mergeCells><mergeCell ref="A1:A2"/></mergeCells>')
    assert entries(tmp_path, packed(PARTS | {"xl/worksheets/sheet1.xml": content}))[1][0].values["plate"] == ""


@pytest.mark.parametrize(
    ("row", "says"),
    [
        pytest.param('<c r="A2" t="e"><f>B9</f><v>#N/A</v></c>', "'#N/A' is no text", id="error"),
        pytest.param('<c r="A2"><f>B9&amp;C9</f></c>', "'=B9&C9' is no text", id="formula"),
        pytest.param(cell("A2", "A1") + '<c r="C2"><f>TODAY()+30</f><v></v></c>', "'=TODAY()+30' is no date", id="until"),
        pytest.param(cell("A2", "A1") + '<c r="C2" t="s"><v>99</v></c>', "the workbook is damaged", id="missing-text"),
        pytest.param('<c r="A2" s="1"><v>120000</v></c>', "'120000' is what a spreadsheet makes of a plate", id="power"),
    ],
)
def test_a_cell_without_a_value_is_not_taken_for_an_empty_one(tmp_path: Path, row: str, says: str) -> None:
    """An end that no program calculated let a guest in for ever."""
    styles = f'<styleSheet {MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="11"/></cellXfs></styleSheet>'
    parts = PARTS | {"xl/styles.xml": styles, "xl/worksheets/sheet1.xml": sheet(HEADINGS, row)}
    assert says in refused(tmp_path, packed(parts))


def test_an_empty_result_of_a_formula_is_empty(tmp_path: Path) -> None:
    content = sheet(HEADINGS, cell("A2", "A1") + '<c r="C2" t="str"><f>IF(1,"","x")</f><v></v></c>')
    assert entries(tmp_path, packed(PARTS | {"xl/worksheets/sheet1.xml": content}))[1][0].values["valid_until"] == LATEST


def test_zeros_that_a_format_puts_before_a_number_belong_to_the_plate(tmp_path: Path) -> None:
    styles = (
        f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>'
    )
    content = sheet(HEADINGS, '<c r="A2" s="1"><v>123</v></c>', '<c r="A3"><v>123</v></c>')
    found = entries(tmp_path, packed(PARTS | {"xl/styles.xml": styles, "xl/worksheets/sheet1.xml": content}))[1]
    assert [each.values["plate"] for each in found] == ["00123", "123"]


RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relations(*told: tuple[str, str, str]) -> str:
    each = "".join(f'<Relationship Id="{name}" Type="{RELATION}/{kind}" Target="{target}"/>' for name, kind, target in told)
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{each}</Relationships>'


def test_what_is_read_is_the_first_sheet_that_is_shown(tmp_path: Path) -> None:
    told = (("c", "chartsheet", "chartsheets/sheet1.xml"), ("h", "worksheet", "worksheets/sheet1.xml"))
    sheets = "".join(
        f'<sheet name="{name}" sheetId="1" state="{state}" r:id="{name}"/>'
        for name, state in (("c", "visible"), ("h", "hidden"), ("s", "visible"))
    )
    parts = PARTS | {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="r"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(*told, ("s", "worksheet", "/xl/worksheets/sheet2.xml")),
        "xl/chartsheets/sheet1.xml": f"<chartsheet {MAIN}/>",
        "xl/worksheets/sheet1.xml": sheet(HEADINGS, cell("A2", "OLD1")),
        "xl/worksheets/sheet2.xml": sheet(HEADINGS, cell("A2", "NEW1")),
    }
    assert [each.values["plate"] for each in entries(tmp_path, packed(parts))[1]] == ["NEW1"]


def test_parts_are_found_where_the_workbook_says_that_they_are(tmp_path: Path) -> None:
    """Some programs call the workbook workbook2.xml, write SharedStrings.xml, or fill the archive with backslashes."""
    parts = {
        "_rels\\.rels": relations(("a", "officeDocument", "/xl/workbook2.xml")),
        "xl\\workbook2.xml": BOOK,
        "xl\\_rels\\workbook2.xml.rels": relations(
            ("rId1", "worksheet", "sheets/one.xml"), ("b", "sharedStrings", "./SharedStrings.xml"), ("c", "styles", "looks.xml")
        ),
        "xl\\SharedStrings.xml": TEXTS,
        "xl\\looks.xml": STYLES,
        "xl\\sheets\\one.xml": SHEET,
    }
    found = entries(tmp_path, packed(parts))[1]
    assert [each.values["plate"] for each in found] == ["MÜ AB1", "12345", "X1", "12E4"]
    assert found[0].values["valid_until"] == datetime(2026, 11, 27, 23, tzinfo=UTC)


def test_a_workbook_of_ours(tmp_path: Path) -> None:
    _, found = entries(tmp_path, workbook(["plate", "description"], [["0012345", "=1+1"], ["MAR12", "a\nb"]]), "XLSX")
    assert shown(found) == [(2, "", "0012345", "=1+1"), (3, "", "MAR12", "a\nb")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(packed({"a.txt": "x"}), "this is a packed file, but no workbook (.xlsx)", id="zip"),
        pytest.param(packed(PARTS)[:-30], "the workbook is damaged", id="cut-off"),
        pytest.param(b"PK\x03\x04" + bytes(300), "the workbook is damaged", id="rubbish"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(300), "a workbook of the old kind (.xls)", id="xls"),
        pytest.param(packed(PARTS | {"xl/workbook.xml": f"<!DOCTYPE a>{BOOK}"}), "document type definition", id="dtd"),
        pytest.param(
            packed(PARTS | {"xl/worksheets/sheet1.xml": SHEET[:-20]}), "the workbook is damaged: unclosed token", id="xml"
        ),
        pytest.param(
            packed(PARTS | {"xl/worksheets/sheet1.xml": f'<?xml version="1.0" encoding="UTF-9"?>{SHEET}'}),
            "its character set is not known",
            id="encoding",
        ),
        pytest.param(
            packed({name: content for name, content in PARTS.items() if "sheet1" not in name}), "has no sheet", id="no-sheet"
        ),
        pytest.param(
            packed(PARTS | {"xl/worksheets/sheet1.xml": SHEET.replace('<c r="A5">', '<c r="A5" s="1">')}),
            "line 5: plate: '1933-10-18' is no text: a spreadsheet has changed the plate",
            id="plate-is-a-day",
        ),
    ],
)
def test_a_broken_workbook_says_what_is_wrong(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refused(tmp_path, content)


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_file, "MOST_UNPACKED", 2 << 20)
    bomb = packed(PARTS | {"xl/worksheets/sheet1.xml": SHEET.replace("<sheetData>", "<sheetData>" + " " * (3 << 20))})
    assert len(bomb) < 10_000
    assert refused(tmp_path, bomb) == "the workbook unpacks to more than 2 MB"
    monkeypatch.setattr(workbook_file, "MOST_TEXTS", 1000)
    texts = packed(PARTS | {"xl/sharedStrings.xml": TEXTS.replace("plate", "x" * 1001)})
    assert refused(tmp_path, texts) == "the workbook holds too much text"


@pytest.mark.parametrize(
    "within",
    [
        pytest.param("<x>" * 1000 + "</x>" * 1000, id="deep"),
        pytest.param("<x " + " ".join(f'a{number}=""' for number in range(200_000)) + "/>", id="attributes"),
        pytest.param(f"<!--{'-x' * (1 << 20)}-->", id="comment"),
    ],
)
def test_a_workbook_with_what_no_program_writes_is_refused_before_it_takes_memory_and_time(tmp_path: Path, within: str) -> None:
    """A small file with a few million of them took 740 MB, or minutes in which nothing else was exported or imported."""
    content = packed(PARTS | {"xl/worksheets/sheet1.xml": SHEET.replace("<sheetData>", f"<sheetData>{within}")})
    assert "the workbook is damaged" in refused(tmp_path, content)


@pytest.mark.parametrize(
    ("part", "before", "each", "says"),
    [
        pytest.param("xl/styles.xml", "<cellXfs>", "<xf/>", "too many parts", id="styles"),
        pytest.param("xl/styles.xml", "<numFmts>", '<numFmt numFmtId="{}"/>', "too many parts", id="formats"),
        pytest.param("xl/workbook.xml", "<sheets>", '<sheet name="b"/>', "too many parts", id="sheets"),
        pytest.param("xl/_rels/workbook.xml.rels", "<r>", '<Relationship Id="{}"/>', "too many parts", id="relations"),
        pytest.param("xl/worksheets/sheet1.xml", "</sheetData>", '<mergeCell ref="A1:A2"/>', "too many parts", id="merged"),
        pytest.param("xl/sharedStrings.xml", "</si>", "<si/>", "too much text", id="texts"),
    ],
)
def test_of_what_is_kept_in_memory_a_workbook_may_hold_so_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, before: str, each: str, says: str
) -> None:
    monkeypatch.setattr(workbook_file, "MOST_TOLD", 20)
    monkeypatch.setattr(workbook_file, "MOST_TEXT_COUNT", 20)
    parts = PARTS | {"xl/_rels/workbook.xml.rels": "<r></r>"}
    assert len(entries(tmp_path, packed(parts))[1]) == 4
    many = "".join(each.format(number) for number in range(30))
    assert says in refused(tmp_path, packed(parts | {part: parts[part].replace(before, before + many, 1)}))


def test_of_a_cell_that_goes_on_without_end_only_what_fits_into_one_is_kept(tmp_path: Path) -> None:
    sheet = SHEET.replace("12E4", f"12E4{'x' * (16 << 20)}").replace('"X"&amp;1', "x" * 40_000)
    path = tmp_path / "file"
    path.write_bytes(packed(PARTS | {"xl/worksheets/sheet1.xml": sheet}))
    tracemalloc.start()
    try:
        rows = list(workbook_file.read(path, Head()))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert [each.values["plate"][:5] for each in rows if each.line in (6, 7)] == ["X1", "12E4x"]


def test_long_names_in_a_workbook_take_neither_memory_nor_time(tmp_path: Path) -> None:
    """250 of a megabyte are a small file: they took all that a small board has, and one such format ten minutes."""
    long, many = "x" * 300_000, range(20)
    relations = "".join(f'<Relationship Id="{n}{long}" Type="a/{n}{long}" Target="{n}/{long}"/>' for n in many)
    sheets = "".join(f'<sheet name="a" r:id="{n}{long}"/>' for n in many)
    formats = "".join(f'<numFmt numFmtId="{500 + n}" formatCode="{"[" * 20_000}"/>' for n in many)
    path = tmp_path / "file"
    path.write_bytes(
        packed(
            PARTS
            | {
                "xl/_rels/workbook.xml.rels": f"<r>{relations}</r>",
                "xl/workbook.xml": BOOK.replace("</sheets>", f"{sheets}</sheets>"),
                "xl/styles.xml": STYLES.replace("<numFmts>", f"<numFmts>{formats}"),
            }
        )
    )
    tracemalloc.start()
    try:
        rows = list(workbook_file.read(path, Head()))
        assert (len(rows), tracemalloc.get_traced_memory()[1] < 6 << 20) == (4, True)
    finally:
        tracemalloc.stop()


# --- dates ------------------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("", "2000-01-01", "3000-01-01"),
        ("2000-01-01T00:00:00.000", "2000-01-01", None),
        ("2000-01-01", "2000-01-01", None),
        ("1970-01-01T00:00:00.000", "2000-01-01", None),
        ("3000-01-01T00:00:00.000", None, "3000-01-01"),
        ("9999-12-31T23:59:59", None, "3000-01-01"),
        ("2026-05-31", "2026-05-30T22:00", "2026-05-31T22:00"),
        ("31.05.2026", "2026-05-30T22:00", "2026-05-31T22:00"),
        ("31/5/2026", "2026-05-30T22:00", "2026-05-31T22:00"),
        ("5/31/2026", "2026-05-30T22:00", "2026-05-31T22:00"),
        ("2026/5/31", "2026-05-30T22:00", "2026-05-31T22:00"),
        ("46173", "2026-05-30T22:00", "2026-05-31T22:00"),
        ("46173,75", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("31.05.2026 18:00", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("5/31/2026 6:00 PM", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("5/31/2026 12:30 AM", "2026-05-30T22:30", "2026-05-30T22:30"),
        ("31/05/2026 06:00:00 p.\u202fm.", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("31.05.2026\u00a06:00", "2026-05-31T04:00", "2026-05-31T04:00"),
        ("2026/5/31 0:00", "2026-05-30T22:00", "2026-05-30T22:00"),
        ("2026/5/31 6:00:05", "2026-05-31T04:00:05", "2026-05-31T04:00:05"),
        ("2026/05/31 18:00:00.000", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("2026/5/31 下午 06:00:00", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("2026/5/31 上午12:30", "2026-05-30T22:30", "2026-05-30T22:30"),
        ("٣١/٠٥/٢٠٢٦ ١٨:٠٠", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("2026年5月31日", "2026-05-30T22:00", "2026-05-31T22:00"),
        ("2026年5月31日 6:00", "2026-05-31T04:00", "2026-05-31T04:00"),
        ("2026-5-31 6:00", "2026-05-31T04:00", "2026-05-31T04:00"),
        ("2026. 5. 31. 오후 6:00", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("2026-05-31T18:00:00.000", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("2026-05-31T16:00:00Z", "2026-05-31T16:00", "2026-05-31T16:00"),
        ("2026-05-31T24:00", "2026-05-31T22:00", "2026-05-31T22:00"),
    ],
)
def test_limits_are_read_as_people_and_spreadsheets_write_them(text: str, starts: str | None, ends: str | None) -> None:
    assert starts is None or read_limit(text, BERLIN, False) == at(starts)
    assert ends is None or read_limit(text, BERLIN, True) == at(ends)


def test_the_order_of_a_date_can_be_said() -> None:
    assert read_limit("5/6/2026", BERLIN, False, "day first") == at("2026-06-04T22:00")
    assert read_limit("5/6/2026", BERLIN, False, "month first") == at("2026-05-05T22:00")
    assert read_limit("25/6/2026", BERLIN, False, "month first") == at("2026-06-24T22:00")


@pytest.mark.parametrize(
    "text",
    [
        "31.02.2026",
        "13/13/2026",
        "0/1/2026",
        "1.1.26",
        "tomorrow",
        "202605",
        "2026-05-31T25:00",
        "31.05.2026 18:00 AM",
        "2026/5/31 6:00 o'clock",
        "115/5/31",
        "2026/13/1",
        "2026/5/31 6:60",
        "2026-5-311",
        "31.05.20261",
        "31.05.2026+18:00",
        pytest.param(f"31.05.2026{' ' * 200}18:00", id="so long that looking for a time in it could take seconds"),
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no date"):
        read_limit(text, BERLIN, True)


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK], ids=["berlin", "new-york"])
@pytest.mark.parametrize(
    "moment",
    ["2026-10-25T00:30", "2026-10-25T01:30", "2026-11-01T05:30", "2026-11-01T06:30", "2000-01-01T05:00", "2999-12-31T23:30"],
)
def test_a_limit_that_is_written_is_read_as_the_same_moment(zone: ZoneInfo, moment: str) -> None:
    for end in (False, True):
        assert read_limit(write_limit(at(moment), zone, end), zone, end) == at(moment)


def test_hours_are_read_as_audit_says_them_in_each_language() -> None:
    some, nothing = schedule([[(480, 1050)]] * 5 + [[], [(540, 720)]]), schedule([[]] * 7)
    for language in languages():
        assert read_hours(week(some.days).said(language.translate)) == some, language.code
        said = {name: language.translate(name) for name in ("always", "never")}
        assert (read_hours(said["always"]), read_hours(said["never"])) == (ALWAYS, nothing), language.code


def test_hours_are_one_text() -> None:
    week = WeekSchedule((((480, 720), (780, 1020)), (), (), (), (), ((1320, 1440),), ((0, 360),)))
    assert write_hours(week) == "Mon 08:00-12:00 13:00-17:00; Sat 22:00-24:00; Sun 00:00-06:00"
    assert read_hours(write_hours(week)) == read_hours("mon 8:00-12:00 13:00-17:00; Sat 22:00-06:00") == week
    assert (write_hours(ALWAYS), read_hours(""), read_hours("always")) == ("", ALWAYS, ALWAYS)
    nothing = WeekSchedule(((),) * 7)
    assert read_hours(write_hours(nothing)) == nothing
    for wrong in ("Mon 8-12", "Xyz 08:00-12:00", ";", "Mon 08:00-25:00"):
        with pytest.raises(ConfigError):
            read_hours(wrong)


def test_a_number_of_a_plate_is_known_again_however_great_it_is() -> None:
    numbers = Numbers()
    given = [0, 1, 7, 8, 110_000, 5, MOST_COUNTED - 1, MOST_COUNTED, 10**17]
    assert [numbers.add(each) for each in given] == [True] * len(given)
    assert [numbers.add(each) for each in given] == [False] * len(given)
    assert numbers.add(2)


@pytest.mark.parametrize("text", ['sep="\nplate;description\nAB1;x\n', "sep=\r\nplate;description\r\nAB1;x\r\n"])
def test_a_separator_that_can_be_none_is_passed_over(tmp_path: Path, text: str) -> None:
    assert [each[2:] for each in shown(entries(tmp_path, text)[1])] == [("AB1", "x")]


@pytest.mark.parametrize(
    "heading",
    [
        "Expiry date",
        "valid till",
        "Ablaufdatum",
        "Date de fin",
        "Scadenza",
        "Valable jusqu’au",
        "有效期至",
        "到期時間",
        "有效期",
        "Válida hasta",
        "Fecha de caducidad",
        "Vence",
        "Enddatum",
        "Gültigkeitsende",
        "有效至",
        "到期",
        "有效截止日期",
        "Valid until (DD/MM/YYYY)",
        "Gültig bis *",
        "Gültig bis [Datum",
        "有效期限（年/月/日）",
    ],
)
def test_an_end_has_many_names(tmp_path: Path, heading: str) -> None:
    """A column that was not known was left out: the plate was valid for ever."""
    found = entries(tmp_path, f"plate;{heading}\nAB12;2026-01-31\n")[1]
    assert found[0].values["valid_until"] == datetime(2026, 1, 31, 23, tzinfo=UTC)


def test_a_hint_in_brackets_makes_no_second_column_of_one_that_is_there(tmp_path: Path) -> None:
    """Such tables were taken until brackets counted as hints, and then refused each night."""
    headings = "Plate;Plate (old);Owner (first name);Owner (last name);Valid until;Valid until (time);Comment (internal)"
    head, (found,) = entries(tmp_path, f"{headings}\nAB12;XY1;Anna;Muster;2026-01-31;12:00;guest\n")
    assert found.values == {"plate": "AB12", "valid_until": datetime(2026, 1, 31, 23, tzinfo=UTC), "description": "guest"}
    assert list(head.unread) == ["Plate (old)", "Owner (first name)", "Owner (last name)", "Valid until (time)"]
    assert "two columns say the same: Valid until (day), Valid until (time)" in refused(
        tmp_path, "Plate;Valid until (day);Valid until (time)\nAB12;2026-01-31;12:00\n"
    )


def test_a_table_may_be_headed_as_the_pages_name_its_columns_in_each_language() -> None:
    titles = {name: info.title or name for name, info in EntryForm.model_fields.items()}
    for language in languages():
        for name, column in COLUMNS.items():
            heading = language.translate(titles[name])
            assert BY_HEADING.get(plain_heading(heading)) is column, (language.code, heading)
        assert plain_heading(language.translate("List")) in LIST_HEADINGS, language.code


@pytest.mark.parametrize(
    ("heading", "encoding"),
    [
        ("ważny do", "cp1250"),
        ("действует до", "cp1251"),
        ("到期日", "gbk"),
        ("到期日", "big5"),
        ("有効期限", "cp932"),
        ("λήξη", "cp1253"),
    ],
)
def test_an_end_in_another_character_set_is_not_left_out_with_its_column(tmp_path: Path, heading: str, encoding: str) -> None:
    said = refused(tmp_path, f"plate;{heading}\nAB12;2026-05-31\n".encode(encoding))
    assert said.startswith("line 2: ") and said.endswith("the file's character set is not certain; save it as UTF-8")
    for other in ("N° §", "Größe m²", "Date créée", "gültig bis", "Año", "Naïveté"):  # known or not, they are of the west
        assert len(entries(tmp_path, f"plate;{other}\nAB12;2026-05-31\n".encode("cp1252"))[1]) == 1


def test_a_separator_within_a_text_moves_no_end_away(tmp_path: Path) -> None:
    text = "plate,description,valid until\nAB12,Meier,,2026-01-31\n"
    assert refused(tmp_path, text) == "line 2: it has more than 3 columns"
    assert len(entries(tmp_path, text.replace("Meier,,", '"Meier,",').replace("31\n", "31,, \n"))[1]) == 1


@pytest.mark.parametrize("rest", ["BB2", "BB2,Meier", 'BB2,"Meier"', "BB2,Meier,2026-01-01"])
def test_a_plate_whose_line_was_cut_off_with_the_file_is_not_valid_for_ever(tmp_path: Path, rest: str) -> None:
    text = f"plate,description,valid from,valid until\nAA1,,,2026-05-31\n{rest}"
    assert refused(tmp_path, text) == f"line 3: it has {rest.count(',') + 1} of 4 columns: the file was cut off"
    # A line with its end is as somebody wrote it; and the last one of all may lack the end.
    for whole in (f"{text}\n", f"{text}\r\n\x1a", f"{text}\n\n ", text.replace(rest, "BB2,Meier,,")):
        assert len(entries(tmp_path, whole)[1]) == 2


def test_the_mark_that_ends_a_file_of_dos_is_no_plate(tmp_path: Path) -> None:
    assert shown(entries(tmp_path, "plate,description\r\nAB12,x\r\n\x1a")[1]) == [(2, "", "AB12", "x")]


@pytest.mark.parametrize(
    "content",
    [
        "plate;Frist;;list\nAB 1;2026-05-31;;STAFF\n",
        MANUAL_CSV.replace("endvaliditydate", "Frist"),
        xml('<nlelemlist id="1" listid="3" numberplate="AB1" frist=""/>'),
    ],
)
def test_columns_that_say_nothing_here_are_told(tmp_path: Path, content: str) -> None:
    head, _ = entries(tmp_path, content)
    assert [each.lower() for each in head.unread] == ["frist"]
    for whole in (MANUAL_CSV, MANUAL_XML, "plate;valid until;list\nAB 1;2026-05-31;STAFF\n"):
        assert not entries(tmp_path, whole)[0].unread


def test_few_of_many_columns_that_say_nothing_are_told_and_none_at_length(tmp_path: Path) -> None:
    head, _ = entries(tmp_path, ";".join(["plate", *(f"{number}{'x' * 99}" for number in range(50))]) + "\nAB 1\n")
    assert (len(head.unread), max(map(len, head.unread))) == (20, 40)

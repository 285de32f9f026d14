"""Formats: the names under which people choose the format of a list file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXTENSIONS: Mapping[str, str] = MappingProxyType({"XML": "xml", "CSV": "csv", "XLSX": "xlsx"})
"""Format of a list file -> its file extension."""

MATCHES: Mapping[str, str] = MappingProxyType({"XML": "xml", "JSON": "json", "CSV": "csv", "XLSX": "xlsx"})
"""The same for a file of passages."""

IMPORTED: Mapping[str, tuple[str, bool]] = MappingProxyType({
    "XML": ("XML", True),
    "XML_NOTDELETE": ("XML", False),
    "CSV": ("CSV", True),
    "CSV_NOTDELETE": ("CSV", False),
    "XLSX": ("XLSX", True),
    "XLSX_NOTDELETE": ("XLSX", False),
})  # fmt: skip
"""Format of an import -> (format of the file, whether plates that are missing from the file are removed) (manual 5, Camera list
synchronization)."""

ORDERS = ("", "day first", "month first")
"""How 5/6/2026 is read; "": such a date is refused unless only one reading is a valid date."""

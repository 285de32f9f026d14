"""Bill of materials: what is in a package, as CycloneDX 1.5 in JSON for programs and as a list of licences for people; the same
package gives the same bytes, so it holds no time of its making."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vadp_package.libraries import SITE, Library

BOM, LICENCES = "bom.json", "LICENCES.md"
SPDX = {
    "Apache 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0", "Apache Software License": "Apache-2.0",
    "MIT": "MIT", "MIT License": "MIT", "BSD License": "BSD-3-Clause", "3-Clause BSD License": "BSD-3-Clause",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}  # fmt: skip
"""What makers of libraries write instead of the SPDX identifier that they mean."""
GPL = "**A board or an image with PyAV"
"""Begins the paragraph of docs/licences.md about GPL code."""


def bom(version: str, models: Mapping[str, bytes], carried: Sequence[Library]) -> bytes:
    """`models`: {file name: content}; `carried`: libraries in the package."""
    root = f"gatewright-anpr@{version}"
    components = [*(_model(name, data) for name, data in sorted(models.items())), *map(_library, carried)]
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": root, "name": "gatewright-anpr", "version": version,
                "supplier": {"name": "Gatewright"}, "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": root, "dependsOn": [each["bom-ref"] for each in components]}],
    }  # fmt: skip
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True)).urn
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def licences(root: Path, carried: Sequence[Library]) -> bytes:
    """LICENCES.md: of what the package carries, or of what pip installs beside it."""
    text = (root / "docs" / "licences.md").read_text("utf-8")
    if carried:
        rows = [f"| {each.name} | {each.version} | {_spdx(each.licence)} |" for each in carried]
        gpl = text[text.index(GPL) :] if GPL in text else ""
        head = (
            f"Gatewright is Apache-2.0 (`LICENSE`). This package carries these libraries; their texts lie in `{SITE}/*.dist-info`."
        )
        text = "\n".join(["# Licences", "", head, "", "| library | version | licence |", "| --- | --- | --- |", *rows, "", gpl])
    return text.encode()


def _model(name: str, data: bytes) -> dict[str, Any]:
    return {
        "type": "machine-learning-model", "bom-ref": name, "name": name, "hashes": [_hash(hashlib.sha256(data).hexdigest())],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }  # fmt: skip


def _library(found: Library) -> dict[str, Any]:
    licence = _spdx(found.licence)
    purl = f"pkg:pypi/{found.name.lower().replace('_', '-')}@{found.version}"
    said = {"license": {"id": licence}} if licence in SPDX.values() else {"license": {"name": licence}}
    return {
        "type": "library", "bom-ref": purl, "purl": purl, "name": found.name, "version": found.version, "scope": "required",
        "hashes": [_hash(found.sha256)], "licenses": [said], "properties": [{"name": "gatewright:wheel", "value": found.wheel}],
    }  # fmt: skip


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _spdx(licence: str) -> str:
    return SPDX.get(licence, licence)

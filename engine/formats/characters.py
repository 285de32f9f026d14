"""Characters: what XML and UTF-8 cannot carry, whoever sent it."""

from __future__ import annotations

import re

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that an XML 1.0 document cannot contain (its section 2.2), lone surrogates among them. Named by themselves: to compile
all others takes a start eight times as long."""

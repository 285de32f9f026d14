"""Characters: what XML and UTF-8 cannot carry, whoever sent it."""

from __future__ import annotations

import re

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that an XML 1.0 document cannot contain (its section 2.2), lone surrogates among them."""

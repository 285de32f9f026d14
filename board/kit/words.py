"""Words: what is said to a person, as a key with its values, so that it can be said in another language later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Translate = Callable[[str], str]
"""The English template -> that of another language; what a catalogue does not know comes back as it is (gettext)."""


def english(template: str) -> str:
    return template


@dataclass(frozen=True, slots=True)
class Text:
    """One thing to say. `key`: the English template, as `str.format` takes it ("{host} answers {status}"); without values it is
    plain text, braces and all. A value may be a Text or an error of ours, which is then said in the same language."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said(english)

    def said(self, translate: Translate) -> str:
        """The sentence in the language of `translate`; in English when a translation names values that are not there."""
        template = translate(self.key) if self.key else ""
        if not self.values:
            return template
        values = {
            name: value.said(translate) if isinstance(value, Text | Sayable) else value for name, value in self.values.items()
        }
        try:
            return template.format(**values)
        except (LookupError, ValueError, AttributeError):
            return self.key.format(**values)


class Sayable:
    """What carries a `text` of its own and can be a value of another: every error of ours."""

    text: Text

    def said(self, translate: Translate) -> str:
        return self.text.said(translate)

"""Render: Jinja2 templates filled in for one reader, in the reader's language. Every value is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from board.kit.from_json import from_json
from board.kit.languages import languages
from board.kit.words import Language, Sayable, Text

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.runtime import Context
    from markupsafe import Markup

SHARED = Path(__file__).parent / "templates"
_COMPILING = Lock()
_TEXT = r'"(?:[^"\\]|\\.)*"'
SENTENCE = re.compile(rf"\b_\(\s*({_TEXT})")
"""A sentence of a script, as JSON: `_("...")`."""
COUNTED = re.compile(rf"\b_n\(\s*({_TEXT}),\s*({_TEXT})")
"""A sentence of a script that counts: `_n("{count} plate", "{count} plates", count)`."""
_ARABIC_LETTER = r"[\u0621-\u064a\u067e-\u06d3]"
ARABIC_WORD = re.compile("(تونس|الف|ا[يی]ران)")
"""What people type within a plate is a word: its letters stand the other way round than those of a plate."""
ARABIC_PLATE = re.compile(rf"((?<!\d)\d+(?:{ARABIC_WORD.pattern[1:-1]}|{_ARABIC_LETTER}{{1,3}}(?!{_ARABIC_LETTER}))\d*)")
"""A plate in Arabic script within a text, as portal.js knows it: a browser would move its letters behind all digits."""
FORMS = 200
"""Numbers whose plural form a page is told: from 100 on, every language goes by the last two digits."""


class Templates:
    """The templates of `folders` and those of the kit ("layout.html"), each compiled once; safe to use from several threads.

    In a template `_("At least {least} characters.", least=8)` says a sentence in the reader's language, and a Text or an error
    of ours that is printed as a value is said in it too; `| sentence` gives it a capital letter and a full stop, `| number` writes
    a number and `| moment` a moment in the browser's habit (board/kit/web/static/habit.js), `| with_plates` a text that may name
    plates, `| plate` one as a person may have typed it. What counts is said by `_n("{count} plate", "{count} plates", found)`. None
    prints nothing; a name that was not given is an error.

    `here`: address of the page, for the choice of language; `page_words`: English -> the language's, for scripts of the page;
    `time_zone`: that of moments, said once at the foot of the page; UTC, and not said, where there is none."""

    def __init__(self, *folders: Path) -> None:
        self._folders = (*folders, SHARED)

    def html(self, name: str, language: Language, /, **values: object) -> str:
        """The template `name` + ".html" with `values`."""
        with _COMPILING:
            template = _environment(self._folders).get_template(f"{name}.html")
        known = {"here": "/", "language": language, "languages": languages(), "page_words": {}, "time_zone": None}
        return template.render(**{**known, **values})


@cache
def _environment(folders: tuple[Path, ...]) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context

    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        finalize=pass_context(_printed),
    )
    environment.globals["_"] = pass_context(_say)
    environment.globals["_n"] = pass_context(_say_count)
    environment.filters["drawn"] = _drawn
    environment.filters["moment"] = pass_context(_moment)
    environment.filters["number"] = _number
    environment.filters["plate"] = _plate
    environment.filters["sentence"] = pass_context(_sentence)
    environment.filters["with_plates"] = pass_context(_with_plates)
    return environment


def page_words(language: Language, *scripts: Path) -> dict[str, str | list[str]]:
    """What board/kit/web/static/words.js needs: {English: what is said in `language`} of the sentences in `scripts` that the
    language has; of one that counts {its template for one: its forms}, and under "" the forms of 0, 1, 2 ..., a digit each."""
    sentences = {text: language.translate(text) for path in scripts for text in _sentences(path)}
    found: dict[str, str | list[str]] = {text: words for text, words in sentences.items() if words != text}
    numbers = {language.form(count): count for count in reversed(range(FORMS))}
    order = sorted(numbers)  # a form for whole millions alone has no number below
    for one, many in dict.fromkeys(pair for path in scripts for pair in _counted(path)):
        forms = [language.translate(many, one, numbers[form]) for form in order]
        if not {one, many}.issuperset(forms):
            found[one] = forms
            found[""] = "".join(str(order.index(language.form(count))) for count in range(FORMS))
    return found


@cache
def _sentences(script: Path) -> tuple[str, ...]:
    return tuple(from_json(text) for text in SENTENCE.findall(script.read_text("utf-8")))


@cache
def _counted(script: Path) -> tuple[tuple[str, str], ...]:
    return tuple((from_json(one), from_json(many)) for one, many in COUNTED.findall(script.read_text("utf-8")))


def _say(context: Context, key: str, /, **values: object) -> str:
    translate = context["language"].translate
    return _with_markup(translate(key), values) or Text(key, values).said(translate)


def _say_count(context: Context, one: str, many: str, count: int, /, **values: object) -> str:
    translate = context["language"].translate
    values = {"count": _number(count) if count >= 1000 else count, **values}
    return _with_markup(translate(many, one, count), values) or Text(many, values, one).said(translate)


def _with_markup(template: str, values: dict[str, object]) -> str:
    """Values that are markup stay so, and the sentence around them is escaped; "" where none is."""
    from markupsafe import Markup, escape

    if any(isinstance(value, Markup) for value in values.values()):
        return Markup(escape(template)).format(**values)
    return ""


def _sentence(context: Context, value: Any) -> str:
    """An error, which is half a sentence ("the name is taken"), as one that stands alone: "The name is taken."."""
    said = str(_printed(context, value))
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "!", "?")) or not said else ".")


def _with_plates(context: Context, value: Any) -> Markup:
    """A text whose plates stand as they are seen, from the left (`.as-seen` of portal.css)."""
    from markupsafe import Markup

    span = Markup('<span class="as-seen">{}</span>')
    return _marked(ARABIC_PLATE, str(_printed(context, value)), lambda part: span.format(_plate(part)))


def _plate(text: str) -> Markup:
    """A plate within what stands as it is seen; a word in it is read from the right all the same."""
    from markupsafe import Markup

    return _marked(ARABIC_WORD, text, Markup("<bdi>{}</bdi>").format)


def _marked(pattern: re.Pattern[str], text: str, mark: Callable[[str], Markup]) -> Markup:
    from markupsafe import Markup, escape

    return Markup("").join(mark(part) if at % 2 else escape(part) for at, part in enumerate(pattern.split(text)))


def _printed(context: Context, value: Any) -> Any:
    if isinstance(value, str):  # nearly all are
        return value
    if value is None:
        return ""
    return value.said(context["language"].translate) if isinstance(value, Text | Sayable) else value


def _number(value: float | str) -> Markup:
    """A number that a script writes in the browser's habit, up to three decimals; without it thousands have a thin space."""
    from markupsafe import Markup

    number = float(value)
    shown = f"{round(number, 3):,}".removesuffix(".0").replace(",", "\u202f")
    return Markup('<data class="number" value="{}">{}</data>').format(f"{number:.12g}", shown)


_UP_TO = {"day": slice(10), "minutes": slice(16), "seconds": slice(19), "clock": slice(11, 23)}


def _moment(context: Context, value: datetime | str | None, to: str = "seconds", zone: tzinfo | None = None) -> Markup | str:
    """A moment that a script writes in the browser's habit; without it "2026-11-28 07:46:06", or up to the day or minutes, or the
    time of day alone ("clock"). What has an offset, as a datetime or as ISO 8601, is brought into `zone`, by default the page's;
    what has none is in it."""
    from markupsafe import Markup

    if not value:
        return ""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:  # of a file that somebody else wrote
        return str(value)
    there = zone or context["time_zone"] or UTC
    local = at.astimezone(there) if at.tzinfo else None
    digits = local.replace(tzinfo=None).isoformat(" ", "milliseconds") if local else str(value).replace("T", " ")
    stamp = local or at.replace(tzinfo=there)
    exact = digits[:10] if to == "day" else f"{stamp.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Markup('<time datetime="{}">{}</time>').format(exact, digits[_UP_TO[to]])


def _drawn(points: Sequence[float] | Sequence[Sequence[float]] | str | None) -> str:
    """Coordinates, or shapes of them, as the JSON that the drawing scripts read: "[0.1,0.2,0.9,0.8]"; "null" for none."""
    if points is None or points == "":
        return "null"
    return f"[{','.join(f'{each:g}' if isinstance(each, int | float) else _drawn(each) for each in points)}]"

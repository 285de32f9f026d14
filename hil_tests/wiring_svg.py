"""Wiring as a picture: one SVG per board, drawn from its profile: a panel for each stage, and the lens with its plate sheet."""

from __future__ import annotations

from html import escape

from board.types import BoardProfile
from hil_tests.plate_sheet import PLATES
from hil_tests.wiring import STAGES, place, stages, wires

PANEL_PX, GAP_PX, ROW_PX, HEAD_PX, FOOT_PX = 204, 8, 31, 36, 6
LENS_PX = 150
COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#a21caf", "#854d0e", "#0e7490")
INK, MUTED, LINE, BOX = "#141a21", "#5a6572", "#c3cad3", "#ffffff"


def wiring_svg(profile: BoardProfile) -> str:
    """An <svg> element; every text in it is escaped."""
    shown = stages(profile)
    rows = max((len(wires(profile, stage)) for stage in shown), default=2)
    height = HEAD_PX + max(2, rows) * ROW_PX + FOOT_PX
    width = len(shown) * (PANEL_PX + GAP_PX) + LENS_PX
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif" '
        f'aria-label="wiring of {escape(profile.title)}"><title>Wiring of {escape(profile.title)}</title>'
    ]
    for number, stage in enumerate(shown):
        parts += _panel(profile, stage, number, height)
    parts += [*_lens(len(shown) * (PANEL_PX + GAP_PX), height), "</svg>"]
    return "".join(parts)


def _panel(profile: BoardProfile, stage: str, number: int, height: int) -> list[str]:
    left = number * (PANEL_PX + GAP_PX)
    parts = [
        f'<g transform="translate({left} 0)"><rect x="0.5" y="0.5" width="{PANEL_PX - 1}" height="{height - 1}" rx="6" '
        f'fill="{BOX}" stroke="{LINE}"/>',
        f'<circle cx="16" cy="17" r="8" fill="{INK}"/>',
        _text(16, 20.5, str(number + 1), 10, "#ffffff", "middle", bold=True),
        _text(30, 15, stage, 11, INK, bold=True),
        _text(30, 26, STAGES[stage].partition(";")[0], 7.5, MUTED),
    ]
    for row, (output, contact) in enumerate(wires(profile, stage)):
        parts += _wire(profile, output, contact, HEAD_PX + row * ROW_PX + 12, COLOURS[row % len(COLOURS)])
    return [*parts, "</g>"]


def _wire(profile: BoardProfile, output: str, contact: str, y: float, colour: str) -> list[str]:
    start, end = 70, PANEL_PX - 70
    middle = PANEL_PX / 2
    parts = [
        _text(12, y + 1, output, 11, INK, bold=True), _text(12, y + 12, place(profile, output), 7.5, MUTED),
        _text(PANEL_PX - 12, y + 1, contact, 11, INK, "end", bold=True),
        _text(PANEL_PX - 12, y + 12, place(profile, contact), 7.5, MUTED, "end"),
        f'<path d="M{start} {y}H{end}" stroke="{colour}" stroke-width="2.2" fill="none"/>',
        f'<circle cx="{start}" cy="{y}" r="4" fill="{BOX}" stroke="{colour}" stroke-width="2"/>',
        f'<path d="M{end - 9} {y - 4}L{end - 2} {y}L{end - 9} {y + 4}Z" fill="{colour}"/>',
    ]  # fmt: skip
    if not profile.simulated:
        parts.append(
            f'<rect x="{middle - 17}" y="{y - 6}" width="34" height="12" rx="2" fill="{BOX}" stroke="{colour}" stroke-width="1.6"/>'
        )
        parts.append(_text(middle, y + 3, "1 kΩ", 8, INK, "middle"))
    return parts


def _lens(left: float, height: int) -> list[str]:
    middle = HEAD_PX + (height - HEAD_PX) / 2 - 4
    parts = [
        f'<g transform="translate({left} 0)"><rect x="0.5" y="0.5" width="{LENS_PX - 1}" height="{height - 1}" rx="6" '
        f'fill="{BOX}" stroke="{LINE}"/>',
        _text(12, 15, "lens", 11, INK, bold=True),
        _text(12, 26, "the whole plate sheet in view", 7.5, MUTED),
        f'<path d="M34 {middle}L84 {middle - 24}V{middle + 24}Z" fill="#e2f1f2"/>',
        f'<rect x="10" y="{middle - 12}" width="20" height="24" rx="3" fill="{INK}"/>',
        f'<rect x="30" y="{middle - 7}" width="7" height="14" rx="1.5" fill="{MUTED}"/>',
        f'<rect x="84" y="{middle - 24}" width="58" height="48" fill="#ffffff" stroke="{LINE}"/>',
    ]
    for row, plate in enumerate(PLATES):
        top = middle - 19 + row * 21
        parts.append(f'<rect x="88" y="{top}" width="50" height="15" rx="2" fill="#f4f5f0" stroke="{INK}" stroke-width="0.8"/>')
        parts.append(_text(113, top + 10.5, plate, 8, INK, "middle", bold=True))
    return [*parts, "</g>"]


def _text(x: float, y: float, text: str, size: float, colour: str, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'

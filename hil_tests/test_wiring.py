"""Wiring: slow levels show every wire in its place before anything is timed."""

from __future__ import annotations

import pytest

from board.kit.errors import GatewrightError
from hil_tests.bench import Bench
from hil_tests.wiring import STAGES, left_out, wires


@pytest.mark.parametrize("stage", [pytest.param(stage, marks=pytest.mark.wiring(stage)) for stage in STAGES])
def test_wiring(bench: Bench, stage: str) -> None:
    """Wires: every output moves its own input and no other."""
    pairs = wires(bench.profile, stage)
    if not pairs:
        pytest.skip(f"this board has no lines for stage {stage}")
    bench.through_chip()
    try:
        faults = bench.check(stage)
    except GatewrightError as why:
        pytest.fail(str(why))
    if faults:
        pytest.fail("; ".join(faults))
    bench.note(", ".join(f"{output} → {contact}" for output, contact in pairs))
    if others := left_out(bench.profile, stage):
        bench.note(f"not tested, as no input is left for it: {', '.join(others)}")

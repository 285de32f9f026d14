"""Fixtures: the bench of this run, with the wires that a test's stage needs in place and checked."""

from __future__ import annotations

import pytest

from hil_tests.bench import Bench, Order, open_bench
from hil_tests.machine import clock_chips


@pytest.fixture(scope="session")
def one_bench() -> Bench:
    order = Order.from_environment()
    if order is None:
        pytest.skip("no board named: run ./scripts/hil --board NAME")
    bench = open_bench(order)
    bench.clock_chips = clock_chips()
    return bench


@pytest.fixture
def bench(one_bench: Bench, request: pytest.FixtureRequest) -> Bench:
    """The bench, with the wires of the test's stage (`pytest.mark.stage`) plugged and known to be right."""
    one_bench.told = request.node.user_properties
    marker = request.node.get_closest_marker("stage")
    if marker is None:
        return one_bench
    one_bench.must_have(marker.args[0])
    return one_bench

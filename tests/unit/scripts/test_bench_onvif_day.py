"""Half an hour of the day that the bench gives ONVIF's event service: nothing grows, nothing is lost."""

from __future__ import annotations

import gc
from typing import Any, cast

from scripts.benchmarks.bench_onvif_day import measure


def test_in_half_an_hour_of_pulls_renewals_and_dead_clients_nothing_grows_and_nothing_is_lost() -> None:
    gc.collect()  # of earlier tests
    found = cast(dict[str, Any], measure(lambda text: None, hours=0.5))
    assert (found["lost"], found["twice"], found["push_lost"]) == (0, 0, 0)
    assert found["passages"] > 30 and found["requests"] > 500 and found["empty_answers"] > 100
    early, late = found["early"], found["late"]
    # a connection may just be open at one of the two moments; one that stays for each client or request would be dozens
    assert late["descriptors"] <= early["descriptors"] + 2 and late["threads"] <= early["threads"]
    assert late["rss_mb"] - early["rss_mb"] < 4
    assert found["timers"] < 100 and found["subscriptions"] <= 8

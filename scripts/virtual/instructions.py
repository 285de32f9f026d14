"""Instructions of one read, counted: runs in a guest whose clock advances one ns per instruction (QEMU's -icount shift=0).

Prints each count, whether the same read costs the same again, and an estimate for the boards with what it assumes.
"""

from __future__ import annotations

import time
from pathlib import Path

from engine.recognise.pipeline import Recogniser
from hil_tests.plate_sheet import scene

READS = 3
BOARDS = (
    ("Zero 2 W, Cortex-A53", 1.0, 0.7, False),
    ("Pi 4, Cortex-A72", 1.8, 1.3, False),
    ("Pi 5, Cortex-A76", 2.4, 2.0, True),
)
"""(board, GHz, instructions per cycle, has the dot product instructions, as the guest must). The clocks are the makers';
instructions per cycle are assumed, not measured: A53 issues
two in order, A72 three and A76 four out of order, and int8 kernels wait for memory part of the time."""


def main() -> None:
    """Counts on the drawn plate sheet of the bench, one thread."""
    recogniser = Recogniser(Path(__file__).resolve().parents[2] / "models", threads=1)
    picture = scene()
    recogniser.read(picture)
    counts = []
    for _ in range(READS):
        begun_ns = time.perf_counter_ns()
        reads = recogniser.read(picture)
        counts.append(time.perf_counter_ns() - begun_ns)
    found = ", ".join(read.text for read in reads) or "nothing"
    print(f"plate sheet {picture.shape[1]} x {picture.shape[0]} px: read {found}")
    print(f"instructions of a read, {READS} times: {', '.join(f'{count / 1e6:.1f} million' for count in counts)}")
    print("estimate, one thread; instructions per cycle are assumed, no board was measured, the system's own work is not in it:")
    middle = sorted(counts)[READS // 2]
    dot_product = "asimddp" in Path("/proc/cpuinfo").read_text()
    for board, ghz, per_cycle, has in BOARDS:
        if has != dot_product:
            continue
        print(f"  {board}: {middle / (ghz * 1e6 * per_cycle):.0f} ms ({ghz} GHz, {per_cycle} instructions per cycle)")


if __name__ == "__main__":
    main()

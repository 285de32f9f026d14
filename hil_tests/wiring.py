"""Wiring of the bench: which output goes to which input in each stage, as text for a technician."""

from __future__ import annotations

from board.lines import pin_names
from board.types import BoardProfile

STAGES = ("outputs", "wiegand")


def wires(profile: BoardProfile, stage: str) -> tuple[tuple[str, str], ...]:
    """(output line, input line) pairs of a stage: "outputs": each output to the input of its number; "wiegand": D0 and D1 of
    the first port to the first two inputs."""
    inputs = [line.name for line in profile.inputs]
    if stage == "outputs":
        return tuple(zip([line.name for line in profile.outputs], inputs, strict=False))
    port = profile.wiegand[0].name
    return tuple(zip((f"{port}.D0", f"{port}.D1"), inputs, strict=False))


def diagram(profile: BoardProfile, stage: str) -> str:
    """The stage's wires, one a line, with BCM numbers on a real board."""
    pins = {name: pin for pin, name in pin_names(profile).items()}

    def label(name: str) -> str:
        return name if profile.simulated else f"{name} (GPIO {pins[name]})"

    lines = [f"stage {stage}: a 1 kOhm resistor in each wire"] if not profile.simulated else [f"stage {stage}"]
    lines += [f"  {label(output):<18} o───────────o  {label(input_name)}" for output, input_name in wires(profile, stage)]
    return "\n".join(lines) + "\n"

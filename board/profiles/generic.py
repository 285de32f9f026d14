"""Any board with a GPIO character device: lines by the names that the kernel gives them, on whatever chip, through gpiod."""

from board.types import BoardProfile, InputLine, OutputLine, WiegandLine

PROFILE = BoardProfile(
    name="generic",
    title="Board with named lines",
    gpio="gpiod",
    camera="v4l2:/dev/video0",
    outputs=(OutputLine("DO1", 1), OutputLine("DO2", 2)),
    inputs=(InputLine("DI1", 3), InputLine("DI2", 4)),
    wiegand=(WiegandLine("W1", d0=5, d1=6),),
    line_names=((1, "DO1"), (2, "DO2"), (3, "DI1"), (4, "DI2"), (5, "W1.D0"), (6, "W1.D1")),
    why=(
        "The kernel knows lines by name (`gpio-line-names` of the device tree; `gpioinfo` prints them). As it stands this profile "
        "wants lines of our own names, as an overlay gives them; STATE/lines.json says other names instead. What holds a line "
        "before the software starts is the board maker's matter: look it up, and give an output a resistor to its rest level if "
        "nothing does."
    ),
    threads=2,
)

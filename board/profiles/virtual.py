"""Virtual board: a guest with the kernel's gpio-sim and i2c-stub (`./scripts/hil --board virtual` builds and boots it)."""

from board.types import BoardProfile, InputLine, OutputLine, WiegandLine

PROFILE = BoardProfile(
    name="virtual",
    title="Virtual board",
    gpio="rpi",
    camera="",
    outputs=(OutputLine("DO1", 17), OutputLine("DO2", 27)),
    inputs=(InputLine("DI1", 22), InputLine("DI2", 23)),
    wiegand=(WiegandLine("W1", d0=24, d1=25),),
    boot_pulls=((0, 31, "down"),),
    chip_labels=("gpio-sim-board",),
    i2c=("i2c://0/0x68?kind=ds3231", "i2c://0/0x48?kind=lm75"),
    threads=1,
    why=(
        "The lines of gpio-sim, numbered as on a Pi's header and driven by rpi-lgpio; all are pulled down until they are claimed. "
        "The drivers and libraries are the real ones, the computer is not: edges and levels are proved there, times are not."
    ),
    emulated=True,
)

"""The 40-pin header of Raspberry Pis and Compute Module carriers: which pins we use, which the board itself uses, and why."""

from board.types import BoardProfile, InputLine, OutputLine, WiegandLine

WHY = (
    "GPIO 0 to 8 are pulled up from power-on until software takes them, GPIO 9 to 27 are pulled down (BCM2835 peripherals, table "
    "6-31; RP1 keeps the same resets). An active-high driver stage (NPN transistor, ULN2003, opto) on 9 to 27 is therefore off "
    "from the first moment, and off again when a crash gives the pin back to the kernel: a gate does not open because the camera "
    "boots. Of those, 9 to 11 belong to SPI0 and 14, 15 to the UART; 12, 13, 18 and 19 stay free for PWM, 20 and 21 for I2S, and 4 "
    "for 1-Wire; what is left lies together on header pins 11 to 22. Inputs are dry contacts to ground (loop detector, button): "
    "pull-up, active low. Panels pull Wiegand lines up to 5 V, so D0 and D1 drive an open-drain transistor each: active high at "
    "the pin. An output wired active low rests high: its stage needs a pull-up of its own, as nothing holds the pin before the "
    "camera's software starts."
)

BOOT_PULLS = ((0, 8, "up"), (9, 27, "down"))

OUTPUTS = (OutputLine("DO1", 17), OutputLine("DO2", 27))  # header pins 11, 13
INPUTS = (InputLine("DI1", 22), InputLine("DI2", 23))  # header pins 15, 16
WIEGAND = (WiegandLine("W1", d0=24, d1=25),)  # header pins 18, 22

RESERVED = (
    (0, "HAT EEPROM ID_SD"), (1, "HAT EEPROM ID_SC"),
    (2, "I2C1 SDA"), (3, "I2C1 SCL"),
    (7, "SPI0 CE1"), (8, "SPI0 CE0"), (9, "SPI0 MISO"), (10, "SPI0 MOSI"), (11, "SPI0 SCLK"),
    (14, "UART TX"), (15, "UART RX"),
)  # fmt: skip

BOARD = BoardProfile(
    name="",
    title="",
    gpio="rpi",
    camera="picamera2:",
    outputs=OUTPUTS,
    inputs=INPUTS,
    wiegand=WIEGAND,
    reserved=RESERVED,
    boot_pulls=BOOT_PULLS,
    why=WHY,
    threads=4,
)
"""What all boards with this header have in common: each profile replaces its name, its title and what is its own."""

"""Muxes: who owns a pin by the kernel's word, from its debug table and from the device tree."""

from pathlib import Path

import pytest

from board.gpio import _chips, rpi
from board.gpio._claims import Claims
from board.gpio._muxes import muxed
from board.kit.errors import PinBusy

CHIP = Path("/dev/gpiochip0")

TABLE = """Pinmux settings per pin
Format: pin (name): mux_owner gpio_owner hog?
pin 0 (gpio0): (MUX UNCLAIMED) (GPIO UNCLAIMED)
pin 2 (gpio2): fe804000.i2c (GPIO UNCLAIMED) function alt0 group gpio2
pin 4 (gpio4): onewire@0 pinctrl-bcm2711:516 function gpio_in group gpio4
pin 17 (gpio17): (MUX UNCLAIMED) pinctrl-bcm2711:529
"""


def number(value):
    return value.to_bytes(4, "big")


@pytest.fixture
def root(tmp_path):
    """A Pi 4's /sys with I2C on, SPI off, and the pin controller's own hogs."""
    tree = tmp_path / "sys/firmware/devicetree/base/soc"
    for node, phandle, pins in (("i2c1_pins", 7, (2, 3)), ("spi0_pins", 8, (9, 10, 11)), ("alt0", 9, (4, 5))):
        group = tree / "gpio@7e200000" / node
        group.mkdir(parents=True)
        (group / "phandle").write_bytes(number(phandle))
        (group / "brcm,pins").write_bytes(b"".join(map(number, pins)))
    (tree / "gpio@7e200000/gpio-controller").write_bytes(b"")
    (tree / "gpio@7e200000/pinctrl-0").write_bytes(number(9))
    for node, phandle, status in (("i2c@7e804000", 7, b"okay\0"), ("spi@7e204000", 8, b"disabled\0")):
        (tree / node).mkdir()
        (tree / node / "pinctrl-0").write_bytes(number(phandle))
        (tree / node / "status").write_bytes(status)
    device = tmp_path / "sys/devices/platform/soc/fe200000.gpio/gpiochip0"
    device.mkdir(parents=True)
    (device / "of_node").symlink_to(tree / "gpio@7e200000")
    (tmp_path / "sys/bus/gpio/devices").mkdir(parents=True)
    (tmp_path / "sys/bus/gpio/devices/gpiochip0").symlink_to(device)
    return tmp_path


def test_the_device_tree_tells_which_device_has_a_pin(root):
    assert muxed(CHIP, root) == {2: "i2c@7e804000 of the device tree", 3: "i2c@7e804000 of the device tree"}


def test_pins_named_as_on_rp1_are_known(root):
    group = root / "sys/firmware/devicetree/base/soc/gpio@7e200000/i2c1_pins"
    (group / "brcm,pins").unlink()
    (group / "pin_sda").mkdir()
    (group / "pin_sda/pins").write_bytes(b"gpio6\0gpio7\0")
    assert set(muxed(CHIP, root)) == {6, 7}


def test_the_kernels_own_table_counts_where_it_can_be_read(root):
    folder = root / "sys/kernel/debug/pinctrl/fe200000.gpio-pinctrl-bcm2711"
    folder.mkdir(parents=True)
    (folder / "pinmux-pins").write_text(TABLE)
    assert muxed(CHIP, root) == {2: "fe804000.i2c", 4: "onewire@0"}


def test_a_chip_that_no_device_tree_knows_has_no_muxes(tmp_path):
    assert muxed(CHIP, tmp_path) == {}


def test_a_pin_of_a_running_bus_is_not_claimed_and_the_bus_is_named(root, tmp_path, monkeypatch):
    monkeypatch.setattr(rpi, "muxed", lambda chip: muxed(chip, root))
    gpio = rpi.RpiGpio(None, Claims(tmp_path / "claims"), CHIP)
    with pytest.raises(PinBusy, match="GPIO 3 is taken by i2c@7e804000 of the device tree: switch that off, or take another pin"):
        gpio.claim_output(3, False, "pins")


class Library:
    """RPi.GPIO's API; `busy`: so often rpi-lgpio says so."""

    OUT, IN, PUD_UP = 0, 1, 22

    def __init__(self, busy=0):
        self.busy = busy
        self.taken = []

    def setup(self, pin, direction, **more):
        if self.busy:
            self.busy -= 1
            raise RuntimeError("GPIO busy")
        self.taken.append(pin)


def test_a_pin_that_is_let_go_meanwhile_is_had_and_one_that_is_not_names_who_has_it(tmp_path, monkeypatch):
    """It was said then that this very process had it: its first try did not give the pin back."""
    monkeypatch.setattr(rpi, "muxed", lambda chip: {})
    monkeypatch.setattr(_chips, "consumer", lambda chip, pin: "")
    for claim in (lambda chip: chip.claim_output(17, False, "pins"), lambda chip: chip.claim_input(17, "up", "pins")):
        library = Library(busy=2)
        chip = rpi.RpiGpio(library, Claims(tmp_path / "claims"), CHIP)
        for _ in range(2):
            with pytest.raises(PinBusy, match="GPIO 17 is taken by another process"):
                claim(chip)
        claim(chip)
        assert library.taken == [17]
        chip.close()


def test_a_pin_that_a_driver_of_the_kernel_works_is_not_shared_with_it(tmp_path, monkeypatch):
    """RPi.GPIO asks nobody: a fan would have opened the gate."""
    monkeypatch.setattr(rpi, "muxed", lambda chip: {})
    holders = {17: "gpio-fan", 22: "sysfs"}
    monkeypatch.setattr(_chips, "consumer", lambda chip, pin: holders.get(pin, ""))
    library = Library()
    chip = rpi.RpiGpio(library, Claims(tmp_path / "claims"), CHIP)
    for _ in range(2):
        with pytest.raises(PinBusy, match="GPIO 17 is taken by gpio-fan"):
            chip.claim_output(17, False, "pins")
    chip.claim_input(22, "up", "pins")  # an earlier process did not take its export back
    assert library.taken == [22]
    chip.close()


def test_the_holder_of_a_pin_is_the_bus_when_no_process_has_it(root, monkeypatch):
    monkeypatch.setattr(_chips, "find_chip", lambda labels: CHIP)
    monkeypatch.setattr(_chips, "mux_owner", lambda chip, line: muxed(chip, root).get(line, ""))
    assert _chips.holder(("any",), 2) == "i2c@7e804000 of the device tree"
    assert _chips.holder(("any",), 17) == ""

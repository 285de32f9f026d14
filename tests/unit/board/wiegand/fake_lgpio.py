"""An lgpio for tests: what the maker uses of its Python module (0.2.2), as strict as the library or stricter; waves take no time:
their edges are told by another thread with the times that the kernel would have given them, the first one 20 ms late."""

import queue
import threading
import types

LINES = 54
LAG_US = 20_000


class error(Exception):
    """Its text is the repr of the library's words."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value

    def __str__(self):
        return repr(self.value)


class pulse:
    def __init__(self, group_bits, group_mask, pulse_delay):
        assert pulse_delay >= 0, "a negative delay hangs lgpio's thread"
        self.group_bits, self.group_mask, self.pulse_delay = group_bits, group_mask, pulse_delay


class FakeLgpio(types.ModuleType):
    """Put it into sys.modules as "lgpio". `levels`: of all lines of the chip; `wires`: {output: the input that it is wired to};
    `taken`: {line: who}, by somebody else; `driven`: (line, level, us) of every change of an output.

    `stretch`: {number of a write: us it comes late}; `deaf`: edges of a wave, by number, that the kernel loses; `hold`: clear it to
    keep waves from being played; `log`: what was claimed and let go, in order."""

    error, pulse = error, pulse
    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
    SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
    TX_PWM, TX_WAVE = 0, 1

    def __init__(self):
        super().__init__("lgpio")
        self.chips = {4}
        self.levels = dict.fromkeys(range(LINES), 0)
        self.wires = {}
        self.taken = {}
        self.driven = []
        self.stretch = {}
        self.deaf = set()
        self.hold = threading.Event()
        self.hold.set()
        self.log = []
        self.waves = []
        self.together = 0
        """Most waves at one time: lgpio's thread spoils them when there are two."""
        self._open = {}
        self._next_handle = 1  # handle 0 is the FIFO that the module opens when it is imported
        self._groups = {}
        self._alerts = {}
        self._callbacks = []
        self._playing = {}
        self._now_us = 5_000_000_000
        self._edge = 0
        self._queue = queue.Queue()
        self._reports = queue.Queue()
        threading.Thread(target=self._play, daemon=True).start()
        threading.Thread(target=self._tell, daemon=True).start()

    # --- the module's functions ---------------------------------------------------------------------------------------

    def gpiochip_open(self, number):
        if number not in self.chips:
            raise error("can not open gpiochip")
        handle, self._next_handle = self._next_handle, self._next_handle + 1
        self._open[handle] = number
        return handle | number << 16

    def gpiochip_close(self, handle):
        self._known(handle)
        for owned in (self._groups, self._alerts):
            for line in [line for line, (owner, *_) in owned.items() if owner == handle]:
                del owned[line]
                self.log.append(("free", line))
        del self._open[handle & 0xFFFF]
        return 0

    def gpio_get_chip_info(self, handle):
        self._known(handle)
        return [0, LINES, "gpiochip4", "pinctrl-rp1"]

    def group_claim_output(self, handle, gpio, levels=(0,), lFlags=0):
        self._known(handle)
        assert lFlags == 0 and len(levels) == len(gpio), "the library would make the missing levels low"
        if any(self._is_taken(line) for line in gpio):
            raise error("GPIO busy")
        for place, line in enumerate(gpio):
            self._groups[line] = (handle, gpio[0], place)
            self.log.append(("output", line, levels[place]))
            self._drive(line, levels[place], self._now_us, heard=False)  # of what a claim moves, a patient maker hears nothing
        return 0

    def gpio_claim_alert(self, handle, gpio, eFlags, lFlags=0, notify_handle=None):
        self._known(handle)
        assert eFlags == self.BOTH_EDGES and notify_handle is None
        if not 0 <= gpio < LINES:
            raise error("bad GPIO number")
        if self._is_taken(gpio):
            raise error("bad event request")  # that is all the library says
        self._alerts[gpio] = (handle, lFlags)
        self.log.append(("alert", gpio, lFlags))
        return 0

    def callback(self, handle, gpio, edge=RISING_EDGE, func=None):
        assert edge == self.BOTH_EDGES, "the library's default is rising edges only"
        entry = (handle >> 16, gpio, func)
        self._callbacks.append(entry)
        return types.SimpleNamespace(cancel=lambda: self._callbacks.remove(entry))

    def tx_wave(self, handle, gpio, pulses):
        self._known(handle)
        claimed = self._groups.get(gpio)
        assert claimed is not None, "the library would claim this one line by itself, low"
        if claimed[:2] != (handle, gpio):
            raise error("GPIO not the group leader")
        assert gpio not in self._playing, "the library would play it after the one before"
        self._playing[gpio] = True
        self.together = max(self.together, len(self._playing))
        self.waves.append([(one.group_bits, one.group_mask, one.pulse_delay) for one in pulses])
        self._queue.put((gpio, list(pulses)))
        return 9

    def tx_busy(self, handle, gpio, kind):
        self._known(handle)
        assert kind == self.TX_WAVE
        return int(gpio in self._playing)

    # --- what no maker may do -----------------------------------------------------------------------------------------

    def gpio_read(self, handle, gpio):
        raise AssertionError("reading writes into what the thread writes from")

    group_read = gpio_read

    def group_free(self, handle, gpio):
        raise AssertionError("a wire without an owner floats")

    gpio_free = group_free

    # --- the outside --------------------------------------------------------------------------------------------------

    def consumer(self, chip, line):
        """As the kernel names a line's holder (board/gpio/_chips.py)."""
        return self.taken.get(line) or ("lg" if line in self._groups or line in self._alerts else "")

    def levels_of(self, *lines):
        return [self.levels[line] for line in lines]

    def report(self, gpio, level, t_us=0):
        """What lgpio tells of an input, whatever the wires do."""
        self._reports.put((gpio, level, round(t_us * 1000)))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _known(self, handle):
        if handle & 0xFFFF not in self._open:
            raise error("unknown handle")

    def _is_taken(self, line):
        return line in self.taken or line in self._groups or line in self._alerts

    def _play(self):
        while True:
            leader, pulses = self._queue.get()
            self.hold.wait()
            group = sorted((place, line) for line, (_, head, place) in self._groups.items() if head == leader)
            t_us = self._now_us + LAG_US
            self._edge = 0
            for number, one in enumerate(pulses):
                for place, line in group:
                    if one.group_mask >> place & 1:
                        self._drive(line, one.group_bits >> place & 1, t_us + self.stretch.get(number, 0))
                t_us += one.pulse_delay
            self._now_us = t_us
            del self._playing[leader]

    def _drive(self, line, level, t_us, heard=True):
        if self.levels[line] == level:
            return
        self.levels[line] = level
        self.driven.append((line, level, t_us))
        wired = self.wires.get(line) if heard else None
        if wired is None:
            return
        self._edge += 1
        if self._edge - 1 not in self.deaf:
            self.report(wired, level, t_us)

    def _tell(self):
        while True:
            gpio, level, t_ns = self._reports.get()
            for chip, line, func in list(self._callbacks):
                if line == gpio:
                    func(chip, gpio, level, t_ns)

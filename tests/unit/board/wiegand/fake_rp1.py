"""A twin of the RP1's PIO and of its kernel driver, for tests: it stands for the modules `os` and `fcntl` of the maker and for its
clock. As strict as the driver (raspberrypi/linux, drivers/misc/rp1-pio.c); the state machines execute their instructions cycle by
cycle (RP2040 datasheet, chapter 3). Time is counted in ticks of 5 ns; every request takes 20 us of it.

Not known to it, as nothing here uses them: wait, push, pull, irq, fractions of clocks, DMA."""

import errno
import os
import struct
from bisect import bisect_right
from collections import deque

TICKS_PER_US = 200
SYS_RIO, PIO = 5, 7
GPIOS = 28
ROOM = 32
WORD = 0xFFFFFFFF


class FakeRp1:
    """`edges`: (tick, gpio, level, function of the pin) of every change of a wire; `touched`: GPIO whose outputs in the PIO were
    written. `leap`: waiting loops are computed instead of executed.

    To disturb: `late` {number of an edge: us that the wire follows later}, `spikes` {number of an edge: (gpio, us)} a pulse 100 us
    after it, `dead` GPIO that follow nobody. To refuse: `absent` (errno of open), `fail` {request: (errno, from which time on, how
    often)}."""

    O_RDWR, O_CLOEXEC = os.O_RDWR, os.O_CLOEXEC

    def __init__(self, depth=8):
        self.depth = depth
        self.leap = True
        self.now = 0
        self.functions = [SYS_RIO] * GPIOS
        self.rio = [False] * GPIOS
        self.levels = [False] * GPIOS
        self.directions = [False] * GPIOS
        self.history = [([-1000], [False]) for _ in range(GPIOS)]
        self.settled = -1000
        self.edges = []
        self.touched = set()
        self.late, self.spikes, self.dead = {}, {}, set()
        self.absent, self.fail = 0, {}
        self.calls = []
        self.machines = [Machine(self) for _ in range(4)]
        self.memory = {}
        self.programs = []
        self.files = {}
        self.opened = []

    # what the maker uses as os, fcntl and clock

    def open(self, path, flags):
        assert flags == os.O_RDWR | os.O_CLOEXEC
        if self.absent:
            raise OSError(self.absent, os.strerror(self.absent), path)
        self.opened.append(path)
        file = 1000 + len(self.opened)
        self.files[file] = set()
        return file

    def close(self, file):
        """As the driver: stops and frees the machines of the file, then its programs."""
        del self.files[file]
        for machine in self.machines:
            if machine.owner == file:
                machine.owner, machine.enabled = None, False
        self.programs = [program for program in self.programs if program[0] != file]
        used = {offset + place for _, offset, words in self.programs for place in range(len(words))}
        self.memory = {place: word for place, word in self.memory.items() if place in used}

    def ioctl(self, file, code, args, mutate):
        number, size = code & 0xFF, code >> 16 & 0x3FFF
        if number not in REQUESTS:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        name, layout, direction = REQUESTS[number]
        assert mutate and code >> 8 & 0xFF == 102 and code >> 30 == direction and len(args) == size
        if size != struct.calcsize(layout):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        assert file in self.files
        self.run(self.now + 20 * TICKS_PER_US)
        self.calls.append(name)
        number, first, times = self.fail.get(name, (0, 0, 0))
        if number and first <= self.calls.count(name) < first + times:
            raise OSError(number, os.strerror(number))
        result = getattr(self, f"_{name.lower()}")(file, *struct.unpack(layout, args))
        if isinstance(result, tuple):
            struct.pack_into(layout, args, 0, *result)
            return size
        if result is not None and result < 0:
            raise OSError(-result, os.strerror(-result))
        return result or 0

    def monotonic(self):
        return self.now / TICKS_PER_US / 1e6

    # requests

    def _add_program(self, file, count, origin, *words):
        words = words[:count]
        assert 0 < count <= ROOM and origin == 0xFFFF
        for _, offset, others in self.programs:
            if others == words:
                self.programs.append((file, offset, words))
                return offset
        for offset in reversed(range(ROOM - count + 1)):
            if not any(offset + place in self.memory for place in range(count)):
                self.memory |= {offset + place: word + offset * (word >> 13 == 0) for place, word in enumerate(words)}
                self.programs.append((file, offset, words))
                return offset
        return -errno.ENOSPC

    def _sm_claim(self, file, mask):
        assert mask == 0
        free = [place for place, machine in enumerate(self.machines) if machine.owner is None]
        if not free:
            return -errno.EBUSY
        self.machines[free[0]].owner = file
        return free[0]

    def _sm_init(self, file, place, initial, clkdiv, execctrl, shiftctrl, pinctrl):
        """The least that a firmware may do: it is not known to restart the machine or to empty its FIFOs."""
        machine = self._mine(file, place)
        machine.enabled = False
        machine.configure(clkdiv, execctrl, shiftctrl, pinctrl)
        machine.execute(initial, self.now, running=False)  # a jmp

    def _sm_exec(self, file, place, word, blocking, spare):
        assert blocking == spare == 0
        machine = self._mine(file, place)
        assert not machine.enabled
        machine.execute(word, self.now, running=False)

    def _sm_clear_fifos(self, file, place):
        machine = self._mine(file, place)
        machine.sends.clear()
        machine.gets.clear()

    def _sm_set_pins(self, file, place, spare, values, mask):
        self._mine(file, place)
        self.write(self.levels, [(gpio, bool(values >> gpio & 1)) for gpio in range(32) if mask >> gpio & 1], self.now)

    def _sm_set_pindirs(self, file, place, spare, values, mask):
        self._mine(file, place)
        self.write(self.directions, [(gpio, bool(values >> gpio & 1)) for gpio in range(32) if mask >> gpio & 1], self.now)

    def _sm_set_enabled(self, file, mask, enable, spare):
        for place in range(4):
            if mask >> place & 1:
                self._mine(file, place).enable(self.now, bool(enable))

    def _sm_restart(self, file, mask):
        for place in range(4):
            if mask >> place & 1:
                self._mine(file, place).restart()

    def _sm_enable_sync(self, file, mask):
        self._sm_set_enabled(file, mask, 1, 0)

    def _sm_put(self, file, place, blocking, spare, word):
        machine = self._mine(file, place)
        assert blocking == spare == 0 and len(machine.sends) < machine.sends_room
        machine.sends.append(word)

    def _sm_get(self, file, place, blocking, spare, word):
        machine = self._mine(file, place)
        assert blocking == spare == 0 and machine.gets, "an empty FIFO gives its last word once more"
        return place, blocking, spare, machine.gets.popleft()

    def _sm_fifo_state(self, file, place, sends, spare, *_):
        machine = self._mine(file, place)
        level, room = (len(machine.sends), machine.sends_room) if sends else (len(machine.gets), machine.gets_room)
        return place, sends, spare, level, level == 0, level == room

    def _gpio_set_function(self, file, gpio, function):
        assert gpio < GPIOS and function in (SYS_RIO, PIO)
        self.functions[gpio] = function
        self.settle(gpio, self.now)

    def _mine(self, file, place):
        assert self.machines[place].owner == file, f"state machine {place} is not claimed by this file"
        return self.machines[place]

    # pins

    def write(self, register, levels, tick):
        """Into `levels` or `directions`, which all state machines share."""
        for gpio, level in levels:
            assert gpio < GPIOS
            register[gpio] = level
            self.touched.add(gpio)
            self.settle(gpio, tick)

    def settle(self, gpio, tick):
        """The wire follows what its function says."""
        assert self.functions[gpio] == SYS_RIO or self.directions[gpio], f"GPIO {gpio} floats"
        level = self.rio[gpio] if self.functions[gpio] == SYS_RIO else self.levels[gpio]
        if level == self.history[gpio][1][-1] or gpio in self.dead:
            return
        number = len(self.edges)
        self._change(gpio, level, tick + self.late.get(number, 0) * TICKS_PER_US)
        if number in self.spikes:
            other, length_us = self.spikes.pop(number)
            begin = tick + 100 * TICKS_PER_US
            self._change(other, not self.history[other][1][-1], begin)
            self._change(other, not self.history[other][1][-1], begin + length_us * TICKS_PER_US)

    def _change(self, gpio, level, tick):
        ticks, levels = self.history[gpio]
        assert tick >= ticks[-1]
        ticks.append(tick)
        levels.append(level)
        self.settled = max(self.settled, tick)
        self.edges.append((tick, gpio, level, self.functions[gpio]))

    def seen(self, gpio, tick):
        """What a state machine reads: two ticks ago, behind the synchronizer."""
        ticks, levels = self.history[gpio]
        return levels[bisect_right(ticks, tick - 2) - 1]

    # time

    def run(self, until):
        while ready := [machine for machine in self.machines if machine.enabled and machine.at < until]:
            machine = min(ready, key=lambda one: one.at)
            before = machine.pc, machine.at
            stalled = not machine.step()
            if self.leap:
                alone = min([until] + [one.at for one in self.machines if one.enabled and one is not machine])
                machine.leap(*before, stalled, until, alone)
        self.now = max(self.now, until)


class Machine:
    """One state machine. `at`: tick of its next cycle."""

    def __init__(self, chip):
        self.chip = chip
        self.owner = None
        self.enabled = False
        self.x = self.y = self.osr = 0xDEADBEEF  # whatever its last user left
        self.isr = self.isr_count = self.osr_count = 7
        self.pc = 0
        self.passed = None
        self.sends_room = self.gets_room = chip.depth
        self.sends, self.gets = deque([1, 2]), deque([3])

    def configure(self, clkdiv, execctrl, shiftctrl, pinctrl):
        assert clkdiv & 0xFFFF == 0, "a fraction of a clock shakes"
        self.clocks = clkdiv >> 16
        self.wrap, self.target, self.jmp_pin = execctrl >> 12 & 31, execctrl >> 7 & 31, execctrl >> 24 & 31
        self.side_optional = execctrl >> 30 & 1
        self.pulls_at, self.pushes_at = shiftctrl >> 25 & 31 or 32, shiftctrl >> 20 & 31 or 32
        self.autopull, self.autopush = shiftctrl >> 17 & 1, shiftctrl >> 16 & 1
        assert not shiftctrl >> 18 & 3, "shifts to the left only"
        join_gets, join_sends = shiftctrl >> 31 & 1, shiftctrl >> 30 & 1
        rooms = [self.chip.depth * times for times in ((0, 2) if join_gets else (2, 0) if join_sends else (1, 1))]
        if rooms != [self.sends_room, self.gets_room]:
            self.sends.clear()
            self.gets.clear()
        self.sends_room, self.gets_room = rooms
        self.side_bits, self.set_count = pinctrl >> 29 & 7, pinctrl >> 26 & 7
        self.in_base, self.side_base, self.set_base = pinctrl >> 15 & 31, pinctrl >> 10 & 31, pinctrl >> 5 & 31

    def restart(self):
        self.isr = self.isr_count = 0
        self.osr_count = 32

    def enable(self, now, on):
        self.enabled = on
        self.at = now
        self.passed = None

    def step(self):
        """One cycle and the delay after it; False when it stalls."""
        word = self.chip.memory[self.pc]
        went = self.execute(word, self.at, running=True)
        self.at += self.clocks * (1 + (self._delay(word) if went else 0))
        return went

    def execute(self, word, tick, running):
        """False when it stalls: then it is executed again. An instruction of the driver (not `running`) moves PC by jmp only."""
        self._side_set(word, tick)
        kind, field, number = word >> 13, word >> 5 & 7, word & 31
        following = self.pc if not running else self.target if self.pc == self.wrap else self.pc + 1 & 31
        if kind == 0:
            following = number if self._jumps(field, tick) else following
        elif kind == 2:
            if not self._in(field, number or 32, tick):
                return False
        elif kind == 3:
            if not self._out(field, number or 32):
                return False
        elif kind == 5:
            self._mov(field, number >> 3, number & 7)
        elif kind == 7:
            self._set(field, number, tick)
        else:
            raise AssertionError(f"the twin does not know instruction {word:#06x}")
        if kind != 3:
            self._refill()
        self.pc = following
        return True

    def leap(self, pc, at, stalled, until, alone):
        """Skips what would only repeat itself until `until` (or `alone`, when another machine goes on)."""
        word = self.chip.memory[pc]
        if stalled:
            if word >> 13 != 3 or self.osr_count >= self.pulls_at:  # only the driver empties or fills a FIFO
                self.at += max(0, until - self.at) // self.clocks * self.clocks
        elif word >> 13 == 0 and word >> 5 & 7 == 2 and self.pc == word & 31:  # jmp x-- that jumped
            if self.pc == pc:
                cycle = self.at - at
                times = min(self.x, max(0, until - self.at) // cycle)
                self._skip(times, cycle, 0)
            else:
                self._leap_pass(alone)

    def _leap_pass(self, alone):
        """One way through a loop was as the one before it, and no wire will have changed: so are all until `alone`."""
        now = (self.pc, self.y, self.isr_count, self.osr_count, len(self.gets), len(self.sends))
        if self.passed is not None:
            then, at, x, osr = self.passed
            if then == now and x - self.x == 1 and osr - self.osr in (0, 1) and self.chip.settled <= at - 2:
                cycle = self.at - at
                self._skip(min(self.x - 1, max(0, alone - self.at) // cycle), cycle, osr - self.osr)
        self.passed = (now, self.at, self.x, self.osr)

    def _skip(self, times, cycle, osr_step):
        self.x -= times
        self.osr -= times * osr_step
        self.at += times * cycle

    def _delay(self, word):
        return word >> 8 & (1 << 5 - self.side_bits) - 1

    def _side_set(self, word, tick):
        values = word >> 8 + 5 - self.side_bits & (1 << self.side_bits) - 1
        count = self.side_bits - self.side_optional
        if self.side_bits and (not self.side_optional or values >> count):
            self._drive(self.chip.levels, self.side_base, count, values, tick)

    def _drive(self, register, base, count, values, tick):
        """The pins change at the end of the clock."""
        self.chip.write(register, [(base + place & 31, bool(values >> place & 1)) for place in range(count)], tick + 1)

    def _jumps(self, condition, tick):
        x, y = self.x, self.y
        if condition == 2:
            self.x = x - 1 & WORD
        if condition == 4:
            self.y = y - 1 & WORD
        if condition == 6:
            return self.chip.seen(self.jmp_pin, tick)
        return (True, not x, x != 0, not y, y != 0, x != y, None, self.osr_count < self.pulls_at)[condition]

    def _in(self, source, count, tick):
        if self.autopush and self.isr_count + count >= self.pushes_at and len(self.gets) == self.gets_room:
            return False
        data = self._pins(tick) if source == 0 else (None, self.x, self.y, 0, None, None, self.isr, self.osr)[source]
        self.isr = (self.isr << count | data & (1 << count) - 1) & WORD
        self.isr_count = min(32, self.isr_count + count)
        if self.autopush and self.isr_count >= self.pushes_at:
            self.gets.append(self.isr)
            self.isr = self.isr_count = 0
        return True

    def _pins(self, tick):
        gpios = [self.in_base + place & 31 for place in range(32)]
        return sum(self.chip.seen(gpio, tick) << place for place, gpio in enumerate(gpios) if gpio < GPIOS)

    def _out(self, target, count):
        assert self.autopull
        if self.osr_count >= self.pulls_at:
            self._refill()
            return False
        data = self.osr >> 32 - count
        self.osr = self.osr << count & WORD
        self.osr_count = min(32, self.osr_count + count)
        setattr(self, {1: "x", 2: "y", 6: "isr"}[target], data)
        if target == 6:
            self.isr_count = count
        self._refill()
        return True

    def _refill(self):
        if self.autopull and self.osr_count >= self.pulls_at and self.sends:
            self.osr, self.osr_count = self.sends.popleft(), 0

    def _mov(self, target, change, source):
        data = (None, self.x, self.y, 0, None, None, self.isr, self.osr)[source]
        data = {0: data, 1: ~data & WORD}[change]
        name = {1: "x", 2: "y", 6: "isr", 7: "osr"}[target]
        setattr(self, name, data)
        if target > 2:
            setattr(self, f"{name}_count", 0)

    def _set(self, target, number, tick):
        if target in (1, 2):
            setattr(self, {1: "x", 2: "y"}[target], number)
        else:
            self._drive({0: self.chip.levels, 4: self.chip.directions}[target], self.set_base, self.set_count, number, tick)


REQUESTS = {
    11: ("ADD_PROGRAM", "<HH32H", 1),
    20: ("SM_CLAIM", "<H", 1),
    30: ("SM_INIT", "<HHIIII", 1),
    32: ("SM_EXEC", "<HHBB", 1),
    33: ("SM_CLEAR_FIFOS", "<H", 1),
    35: ("SM_SET_PINS", "<HHII", 1),
    36: ("SM_SET_PINDIRS", "<HHII", 1),
    37: ("SM_SET_ENABLED", "<HBB", 1),
    38: ("SM_RESTART", "<H", 1),
    40: ("SM_ENABLE_SYNC", "<H", 1),
    41: ("SM_PUT", "<HBBI", 1),
    42: ("SM_GET", "<HBBI", 3),
    44: ("SM_FIFO_STATE", "<HBBHBB", 1),
    51: ("GPIO_SET_FUNCTION", "<HH", 1),
}
"""{number: (name, struct, direction)} of raspberrypi/linux, include/uapi/misc/rp1_pio_if.h."""


class Wires:
    """The board's own GPIO back end on the same chip: writes the outputs of the ordinary function."""

    def __init__(self, chip):
        self.chip = chip
        self.writes = []

    def write(self, pin, level, hurry=False):
        self.writes.append((pin, level))
        self.chip.rio[pin] = level
        self.chip.settle(pin, self.chip.now)


class Stop:
    """The event of the process, in the twin's time: set at `at_us`; the first wait takes `late_us` longer than it should."""

    def __init__(self, chip, at_us=None, late_us=0):
        self.chip = chip
        self.at = None if at_us is None else chip.now + at_us * TICKS_PER_US
        self.late = late_us * TICKS_PER_US

    def is_set(self):
        return self.at is not None and self.chip.now >= self.at

    def wait(self, timeout_s):
        until = self.chip.now + round(timeout_s * 1e6) * TICKS_PER_US + self.late
        self.late = 0
        self.chip.run(until if self.at is None else min(until, max(self.at, self.chip.now)))
        return self.is_set()

"""A pigpiod for tests: its socket protocol as documented (abyz.me.uk/rpi/pigpio/sif.html), as strict as the daemon; waves take no
time: their edges are reported with the ticks that DMA would have given them."""

import socket
import struct
import threading

BAD_GPIO, BAD_MODE, BAD_LEVEL, BAD_HANDLE, BAD_WAVE_ID, EMPTY_WAVEFORM, UNKNOWN = -2, -4, -5, -25, -66, -69, -88


class FakePigpiod:
    """`edges`: (gpio, level, tick) of everything that was driven; `stretch`: {number of a step: us it lasts longer}."""

    def __init__(self):
        self.modes = {}
        self.levels = 0
        self.tick = 0xFFFFFF00  # it wraps within the first frame
        self.pulses = []
        self.waves = {}
        self.next_wave = 0
        self.busy = 0
        self.stretch = {}
        self.edges = []
        self.handles = {}
        self.next_handle = -1
        self.bits = {}
        self.halted = 0
        self.busy_polls = 1
        self.drop_at = None
        self.keep_reports = False
        self._open = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._server.close()
        for peer in self._open:
            peer.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            self._open.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        while True:
            head = _exactly(peer, 16)
            if head is None:
                return
            command, p1, p2, size = struct.unpack("<4I", head)
            data = _exactly(peer, size) if size else b""
            if command == self.drop_at:
                peer.shutdown(socket.SHUT_RDWR)
                return
            result = self._do(peer, command, p1, p2, data)
            peer.sendall(
                struct.pack("<3Ii", command, p1, p2, result) if result < 0 else struct.pack("<4I", command, p1, p2, result)
            )
            if command == 51 and result >= 0:
                self._play(self.waves[p1])

    def _do(self, peer, command, p1, p2, data):
        table = {
            0: self._mode, 4: self._write, 10: lambda *_: self.levels, 19: self._notify, 28: self._add, 32: self._is_busy,
            33: self._halt, 49: self._create, 50: self._delete, 51: self._transmit, 53: self._new,
        }  # fmt: skip
        if command == 99:
            self.next_handle += 1
            self.handles[self.next_handle] = peer
            return self.next_handle
        return table[command](p1, p2, data) if command in table else UNKNOWN

    def _mode(self, gpio, mode, data):
        if gpio > 53 or mode > 7:
            return BAD_GPIO if gpio > 53 else BAD_MODE
        self.modes[gpio] = mode
        return 0

    def _write(self, gpio, level, data):
        if gpio > 53 or level > 1:
            return BAD_GPIO if gpio > 53 else BAD_LEVEL
        self.modes[gpio] = 1
        self._drive(1 << gpio if level else 0, 0 if level else 1 << gpio)
        return 0

    def _notify(self, handle, bits, data):
        if handle not in self.handles:
            return BAD_HANDLE
        self.bits[handle] = bits
        return 0

    def _new(self, p1, p2, data):
        self.pulses = []
        return 0

    def _add(self, p1, p2, data):
        assert p1 == p2 == 0 and len(data) % 12 == 0, "WVAG takes zeros and whole pulses"
        self.pulses += [struct.unpack_from("<3I", data, place) for place in range(0, len(data), 12)]
        return len(self.pulses)

    def _create(self, p1, p2, data):
        if not self.pulses:
            return EMPTY_WAVEFORM
        number, self.next_wave = self.next_wave, self.next_wave + 1
        self.waves[number], self.pulses = self.pulses, []
        return number

    def _delete(self, number, p2, data):
        return 0 if self.waves.pop(number, None) is not None else BAD_WAVE_ID

    def _transmit(self, number, p2, data):
        if number not in self.waves:
            return BAD_WAVE_ID
        self.busy = self.busy_polls
        return len(self.waves[number])

    def _is_busy(self, p1, p2, data):
        self.busy = max(0, self.busy - 1)
        return int(self.busy > 0)

    def _halt(self, p1, p2, data):
        self.busy = 0
        self.halted += 1
        return 0

    def _play(self, pulses):
        for number, (on, off, delay_us) in enumerate(pulses):
            assert delay_us < 30 * 60 * 1_000_000
            self._drive(on, off)
            self.tick = (self.tick + delay_us + self.stretch.get(number, 0)) & 0xFFFFFFFF

    def _drive(self, on, off):
        outputs = sum(1 << gpio for gpio, mode in self.modes.items() if mode == 1)
        levels = (self.levels | on & outputs) & ~(off & outputs)
        changed, self.levels = levels ^ self.levels, levels
        self.edges += [(gpio, levels >> gpio & 1, self.tick) for gpio in range(32) if changed >> gpio & 1]
        for handle, peer in list(self.handles.items()):
            if changed & self.bits.get(handle, 0) and not self.keep_reports:
                try:
                    peer.sendall(struct.pack("<HHII", 0, 0, self.tick, levels))
                except OSError:  # a client that went: its handle goes with it
                    del self.handles[handle], self.bits[handle]


def _exactly(peer, size):
    data = b""
    while len(data) < size:
        try:
            part = peer.recv(size - len(data))
        except OSError:
            return None
        if not part:
            return None
        data += part
    return data

"""Kept changes: polarity and line rules are written to the card by a thread of its own, in the order of the requests; each is in
force, and is answered, once it is there: a card that stalls holds up no pulse."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from board.kit.clock import Clock
from board.kit.errors import BoardError
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.line_rules import Rules, merged, save_rules
from board.lines import save_polarity
from board.pins.inputs import Inputs
from board.pins.outputs import Outputs
from board.types import BoardProfile, LineRules, OutputPolarity, PinsDone, PinsRefused

log = logging.getLogger("pins")

MAX_WAITING = 256

Client = TypeVar("Client")


class KeptChanges(Generic[Client]):
    """Everything but the writing happens in the thread that calls `take` and what was given to `post(task)`."""

    def __init__(
        self,
        state: State,
        profile: BoardProfile,
        rules: Rules,
        outputs: Outputs,
        inputs: Inputs,
        clock: Clock,
        post: Callable[[Callable[[], None]], None],
        answer: Callable[[Client, PinsDone | PinsRefused], None],
    ) -> None:
        self._state = state
        self._profile = profile
        self._rules = rules
        self._outputs = outputs
        self._inputs = inputs
        self._clock = clock
        self._post = post
        self._answer = answer
        self._changes: deque[tuple[Client, OutputPolarity | LineRules]] = deque()
        self._saves: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._keep, name="keep", daemon=True).start()

    def take(self, client: Client, message: OutputPolarity | LineRules) -> None:
        """Keeps a change, then has it in force and answers. BoardError: too many are waiting, or it can never be."""
        if isinstance(message, OutputPolarity):
            self._outputs.check(message.output)
        else:
            merged(self._profile, message)
        if len(self._changes) >= MAX_WAITING:
            raise BoardError("{most} requests are waiting already", most=MAX_WAITING)
        self._changes.append((client, message))
        if len(self._changes) == 1:
            self._next_change()

    def _next_change(self) -> None:
        """Has the first change kept, and with it whatever before the next one needs no keeping."""
        while self._changes:
            save = self._to_keep(self._changes[0][1])
            if save is not None:
                self._saves.put(save)
                return
            self._end_change(NOTHING)

    def _to_keep(self, message: OutputPolarity | LineRules) -> Callable[[], None] | None:
        """None: it is kept already, as most of what each new connection brings."""
        if isinstance(message, LineRules):
            return None if merged(self._profile, message) == self._rules else partial(save_rules, self._state, message)
        polarity = self._outputs.polarity()
        if polarity[message.output] == message.active_high:
            return None
        return partial(save_polarity, self._state, polarity | {message.output: message.active_high})

    def _keep(self) -> None:
        while True:
            save, refused = self._saves.get(), NOTHING
            try:
                save()
            except BoardError as why:
                refused = why.text
            except Exception as why:  # the thread's top: later changes must be kept all the same
                log.exception("a change cannot be kept")
                refused = Text("{why}", {"why": str(why)})
            self._post(partial(self._kept, refused))

    def _kept(self, refused: Text) -> None:
        self._end_change(refused)
        self._next_change()

    def _end_change(self, refused: Text) -> None:
        """In force only once it is kept: a crash between the two must not boot with the wrong rest level."""
        client, message = self._changes.popleft()
        answer: PinsDone | PinsRefused
        try:
            answer = PinsRefused(message.id, refused) if refused else PinsDone(message.id, *self._in_force(message))
        except BoardError as why:
            answer = PinsRefused(message.id, why.text)
        if isinstance(answer, PinsRefused):
            log.warning("%s: %s", type(message).__name__, answer.why)
        self._answer(client, answer)

    def _in_force(self, message: OutputPolarity | LineRules) -> tuple[int, Text]:
        """When it was, and what people should know of it."""
        if isinstance(message, LineRules):
            self._rules = merged(self._profile, message)
            self._inputs.set_stuck_after(self._rules.stuck_after_s)
            return self._outputs.set_rules(self._rules), NOTHING
        if self._outputs.polarity()[message.output] == message.active_high:
            return self._clock.monotonic_ns(), NOTHING
        t_ns = self._outputs.set_polarity(message.output, message.active_high)
        polarity = Text("active high") if message.active_high else Text("active low")
        note = Text("{output} is {polarity} from now on", {"output": message.output, "polarity": polarity})
        log.info("%s", note)
        return t_ns, note

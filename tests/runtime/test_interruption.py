import os
import signal
import threading

import pytest

from wug.runtime.failure import Stopped
from wug.runtime.interruption import interruptible


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped)])
def test_the_first_signal_waits_to_be_asked_for(number: signal.Signals, error: type[BaseException]) -> None:
    said: list[str] = []
    before = signal.getsignal(number)
    with interruptible(said.append) as interruption:
        interruption.check()
        os.kill(os.getpid(), number)
        assert interruption
        with pytest.raises(error):
            interruption.check()
    assert len(said) == 1
    assert signal.getsignal(number) is before


def test_the_second_signal_stops_at_once() -> None:
    with interruptible(lambda text: None):
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_other_threads_catch_nothing() -> None:
    found: list[bool] = []

    def work() -> None:
        with interruptible(lambda text: None) as interruption:
            found.append(bool(interruption))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]

import io

import pytest
from rich.console import Console

from wug.progress import Live, Plain, Progress, Silent, figures_text, open_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_figures_read_as_people_write_them() -> None:
    text = figures_text(
        {"loss": 1.23456, "in_context_accuracy": 0.974, "tokens_per_s": 12345.6, "facts": 1200}
    )
    assert text == "loss 1.235  in context accuracy 97%  12,346 tokens/s  facts 1,200"


def test_plain_lines_at_the_end_and_now_and_then() -> None:
    stream = io.StringIO()
    progress = Plain(stream, every_s=0)
    with progress.stage("pretraining", 20, "steps") as stage:
        stage.update(10, loss=2.0)
        stage.update(15)
    progress.note("a note")
    progress.warn("a warning")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "pretraining: 10/20 steps  loss 2.000"
    assert lines[1] == "pretraining: 15/20 steps  loss 2.000  0 s left"
    assert lines[2].startswith("pretraining: done in ")
    assert lines[3:] == ["a note", "warning: a warning"]


def fail(progress: Progress) -> None:
    with progress.stage("pretraining", 20) as stage:
        stage.update(3)
        raise ValueError("no")


def test_a_stage_that_fails_is_not_called_done() -> None:
    for progress, stream in ((Plain(s := io.StringIO()), s), (Live(Console(file=(t := Terminal()))), t)):
        with pytest.raises(ValueError, match="no"):
            fail(progress)
        assert "done" not in stream.getvalue()
        assert "✓" not in stream.getvalue()


def test_live_leaves_one_line_behind() -> None:
    stream = Terminal()
    progress = Live(Console(file=stream, force_terminal=True, width=100))
    with progress.stage("fine-tuning [x]", 20, "steps") as stage:
        stage.update(20, loss=0.5)
    progress.warn("look [here]")
    assert "✓" in stream.getvalue()
    assert "fine-tuning [x]" in stream.getvalue()
    assert "look [here]" in stream.getvalue()


def test_silence() -> None:
    progress = Silent()
    with progress.stage("a", 1) as stage:
        stage.update(1)
    progress.note("b")
    progress.warn("c")


def test_what_suits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(open_progress(io.StringIO()), Plain)
    assert isinstance(open_progress(Terminal()), Live)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(open_progress(Terminal()), Plain)


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    progress = open_progress(stream)
    progress.warn("plain")
    with progress.stage("a", 1) as stage:
        stage.update(1)
    assert "\x1b[3" not in stream.getvalue()  # no colour; cursor movements are no colours

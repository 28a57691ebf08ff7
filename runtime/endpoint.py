"""The teacher `endpoint`: an OpenAI-compatible server, asked within limits, and never twice for one answer.

Every answer is in the ledger before it counts, so a run that is killed, stopped or out of its limits goes on
where it was, and what was asked once, in whatever experiment, is not asked again: an answer is found by all
that was sent for it, and by nothing else. Each question is one user message, context first: some chat
templates know no system message, and servers keep a prefix that many questions share. A base model is sent
the same as a text to go on with. Seeds and the jitter of waits are keyed by the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from wug.compiler.draw import below, draw, seed_word
from wug.compiler.plan import Endpoint, Sampling
from wug.progress import Progress, Stage
from wug.runtime.chat import KEY, LARGEST_COUNT, Chat, Trouble, key_from_environment, most_prompt_tokens
from wug.runtime.failure import RuntimeFailure, Spent
from wug.runtime.interruption import Interruption
from wug.runtime.keys import canonical, digest
from wug.runtime.ledger import Answer, Ledger
from wug.runtime.teacher import Generation, Request

_ATTEMPTS = 5
_FIRST_WAIT_S, _LONGEST_WAIT_S, _LONGEST_ASKED_S = 1.0, 30.0, 300.0
_HOPELESS = (
    8  # so many questions in a row without an answer, each after all its attempts, and the server is down
)
_LOOK_S = 0.05  # how often a run looks whether it was asked to stop
_BYTES_A_TOKEN, _TEMPLATE_TOKENS = (
    3,
    25,
)  # as SmolLM2 and its chat template take made-up words; others are near


@dataclass(frozen=True)
class Estimate:
    """What answering would take: requests still to send, and what they say and may be told, roughly.

    `answered` are in the ledger already, `coming` are asked by somebody else before; `requests_spent` and
    `tokens_spent` is what is booked there for just these requests.
    """

    requests: int
    answered: int
    coming: int
    characters: int
    prompt_tokens: int
    answer_tokens: int
    requests_spent: int
    tokens_spent: int


@dataclass(frozen=True)
class _Question:
    request: str
    sample: int
    text: str
    id: str
    seed: int


class EndpointTeacher:
    """A server as a teacher; `ledger` is the file that remembers what it has said, `wait` what sleeps."""

    def __init__(
        self,
        endpoint: Endpoint,
        sampling: Sampling,
        ledger: Path,
        interruption: Interruption,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._endpoint, self._sampling, self._path = endpoint, sampling, ledger
        self._interruption, self._wait = interruption, wait

    def asks(self, requests: Sequence[Request]) -> frozenset[str]:
        """What these requests are called in the ledger."""
        return frozenset(question.id for question in self._questions(requests))

    def estimate(self, requests: Sequence[Request], coming: Collection[str] = ()) -> Estimate:
        """What these requests would take, without sending anything; `coming` is asked by somebody before."""
        questions = list(self._questions(requests))
        ledger = Ledger(self._path, _plan(questions))
        open = _open(questions, ledger)
        mine = [question for question in open if question.id not in coming]
        return Estimate(
            requests=len(mine),
            answered=len(questions) - len(open),
            coming=len(open) - len(mine),
            characters=sum(len(question.text) for question in mine),
            prompt_tokens=sum(
                len(question.text.encode()) // _BYTES_A_TOKEN + self._template for question in mine
            ),
            answer_tokens=len(mine) * self._sampling.max_tokens,
            requests_spent=ledger.requests,
            tokens_spent=ledger.tokens,
        )

    def summary(self, of: Estimate) -> str:
        """The estimate as people read it, for before anything is sent."""
        endpoint = self._endpoint
        tokens = of.tokens_spent + of.prompt_tokens + of.answer_tokens
        goes_on = " (base: goes on with a text)" if endpoint.style == "base" else ""
        coming = f", {of.coming:,} asked for an arm before" if of.coming else ""
        lines = [
            f"endpoint {endpoint.base}, model {endpoint.model}{goes_on}, {endpoint.concurrency} at a time",
            f"  {of.requests:,} requests to send, {of.answered:,} answered already{coming}",
            f"  about {of.prompt_tokens:,} tokens of prompts ({of.characters:,} characters),"
            f" at most {of.answer_tokens:,} of answers",
            f"  limits: {endpoint.requests:,} requests and {endpoint.tokens:,} tokens,"
            f" of which {of.requests_spent:,} and {of.tokens_spent:,} are spent",
            f"  key: {f'from {KEY}' if key_from_environment() else f'none ({KEY} is not set)'}",
        ]
        if of.requests_spent + of.requests > endpoint.requests or tokens > endpoint.tokens:
            lines.append("  the limits may not suffice for all of it: what is answered by then is kept")
        return "\n".join(lines)

    def answer(self, requests: Sequence[Request], progress: Progress) -> list[Generation]:
        """Ask all that the ledger does not hold, within limits that hold for all of these requests together.

        Raises RuntimeFailure where the server serves nothing, Spent at a limit, KeyboardInterrupt (Stopped
        for SIGTERM) where asked to stop, EnvironmentFailure where the ledger cannot be written.
        """
        questions = list(self._questions(requests))
        ledger = Ledger(self._path, _plan(questions))
        failed: list[str] = []
        if _open(questions, ledger):
            failed = self._ask(questions, ledger, progress)
        generations = _generations(questions, ledger)
        if generations and all(each.finish == "error" for each in generations):
            reason = failed[-1] if failed else "it broke off every answer"
            raise RuntimeFailure(f"endpoint {self._endpoint.base} answered nothing: {reason}")
        if failed:
            progress.warn(f"{len(failed):,} of {len(questions):,} requests got no answer: {failed[-1]}")
        return generations

    def recall(self, requests: Sequence[Request]) -> list[Generation]:
        """What the ledger holds of these requests, without sending anything."""
        questions = list(self._questions(requests))
        return _generations(questions, Ledger(self._path, _plan(questions)))

    def missing(self, requests: Sequence[Request]) -> list[str]:
        """What the ledger does not hold of these requests."""
        questions = list(self._questions(requests))
        return sorted(question.id for question in _open(questions, Ledger(self._path, _plan(questions))))

    def _ask(self, questions: Sequence[_Question], ledger: Ledger, progress: Progress) -> list[str]:
        """Ask what the ledger does not hold, and say why some has no answer. Raises what `answer` does."""
        key = key_from_environment()
        busy = f"another run is asking {self._endpoint.model}: waiting for it"
        with (
            ledger.writing(lambda: progress.note(busy)),
            progress.stage(f"asking {self._endpoint.model}", len(questions), "answers") as stage,
        ):
            open = _open(questions, ledger)
            asking = _Asking(
                self._endpoint, self._sampling, ledger, stage, self._interruption, self._wait, questions
            )
            if open:  # another run may have asked it all in the meantime
                asyncio.run(asking.all(open, key))
        if asking.unbelieved:
            progress.warn(
                f"{self._endpoint.model} reports more than {LARGEST_COUNT:,} tokens of a request "
                f"({asking.unbelieved:,} times): the most that was allowed is counted instead"
            )
        if asking.end is not None:
            raise asking.end
        return asking.failed

    @property
    def _template(self) -> int:
        """The tokens of a chat template around a question."""
        return _TEMPLATE_TOKENS if self._endpoint.style == "instruct" else 0

    def _questions(self, requests: Sequence[Request]) -> Iterator[_Question]:
        """Each request once a sample, with an id that stands for all that is sent."""
        word = seed_word("endpoint", self._sampling.seed)
        for request in requests:
            text = request.text
            said = {
                "base": self._endpoint.base,
                "model": self._endpoint.model,
                "sampling": self._sampling.to_json(),
                "style": self._endpoint.style,
                "text": text,
            }
            whole = digest(canonical(said))
            for sample in range(request.samples):
                seed = int(below(draw(word, f"sample/{digest(text.encode())}", sample), 2**31))
                yield _Question(request.id, sample, text, f"{whole}/{sample}", seed)


def _plan(questions: Sequence[_Question]) -> str:
    """What stands for all that is asked together, for which the limits hold."""
    return digest(canonical(sorted({question.id for question in questions})))


def _open(questions: Sequence[_Question], ledger: Ledger) -> list[_Question]:
    """What has no answer yet, once each."""
    return list({each.id: each for each in questions if each.id not in ledger.answers}.values())


def _generations(questions: Sequence[_Question], ledger: Ledger) -> list[Generation]:
    none = Answer("", "error", 0, 0)
    return [
        Generation(question.request, question.sample, *astuple(ledger.answers.get(question.id, none)))
        for question in questions
    ]


class _Halt(Exception):
    """Nothing more is to be sent."""


class _Asking:
    """One `answer` at work. What ends it is kept in `end` until what is under way has its answer."""

    def __init__(
        self,
        endpoint: Endpoint,
        sampling: Sampling,
        ledger: Ledger,
        stage: Stage,
        interruption: Interruption,
        wait: Callable[[float], Awaitable[None]],
        questions: Sequence[_Question],
    ) -> None:
        self._endpoint, self._sampling, self._ledger, self._stage = endpoint, sampling, ledger, stage
        self._interruption, self._wait = interruption, wait
        self._every = {question.id for question in questions}
        self._word = seed_word("endpoint", sampling.seed)
        self._halted = asyncio.Event()
        self._settled = asyncio.Condition()
        self._under_way = self._in_a_row = self._done = 0
        self.unbelieved = 0
        self.failed: list[str] = []
        self.end: BaseException | None = None

    @property
    def _kept(self) -> int:
        """How many of all questions have an answer."""
        return len(self._every & self._ledger.answers.keys())

    async def all(self, questions: Sequence[_Question], key: str | None) -> None:
        """Ask these questions; `failed` then says why some have no answer, `end` why some were not asked."""
        self._done = self._kept
        waiting = iter(questions)
        async with Chat(self._endpoint, self._sampling, key) as chat, asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch())
            workers = [
                group.create_task(self._work(waiting, chat))
                for _ in range(min(self._endpoint.concurrency, len(questions)))
            ]
            await asyncio.wait(workers)
            watching.cancel()
        self.unbelieved = chat.unbelieved

    async def _watch(self) -> None:
        while not self._interruption:
            await asyncio.sleep(_LOOK_S)
        try:
            self._interruption.check()
        except KeyboardInterrupt as error:
            await self._halt(error)

    async def _halt(self, reason: BaseException) -> None:
        self.end = self.end or reason
        self._halted.set()
        async with self._settled:
            self._settled.notify_all()

    async def _work(self, waiting: Iterator[_Question], chat: Chat) -> None:
        try:
            for question in waiting:
                await self._ask(question, chat)
        except _Halt:
            return
        except Exception as error:
            await self._halt(error)

    async def _ask(self, question: _Question, chat: Chat) -> None:
        """Ask until there is an answer, or no hope of one."""
        for attempt in range(_ATTEMPTS):
            await self._admit(question)
            trouble = await self._attempt(question, chat)
            if trouble is None:
                self._in_a_row = 0
                break
            if trouble.wait_s > _LONGEST_ASKED_S:
                wait = f"{trouble.wait_s:,.0f} s ({trouble.reason})"
                raise RuntimeFailure(f"{self._named} asks us to wait {wait}: run again then")
            if not trouble.passing or attempt + 1 == _ATTEMPTS:
                self._give_up(trouble)
                break
            await self._pause(max(trouble.wait_s, self._back_off(question, attempt)))
        self._done += 1
        self._stage.update(self._done, tokens=self._ledger.tokens)

    def _give_up(self, trouble: Trouble) -> None:
        """Leave a question without an answer. Raises RuntimeFailure where that is true of any question.

        What a server refuses for good may be some questions; that it fails again and again is the server.
        """
        self.failed.append(trouble.reason)
        self._in_a_row += trouble.passing
        if self._in_a_row >= _HOPELESS or (len(self.failed) >= _HOPELESS and not self._kept):
            kept = f"; {self._kept:,} answers are kept" if self._kept else ""
            raise RuntimeFailure(
                f"{self._named} left {_HOPELESS} requests in a row without an answer: {trouble.reason}{kept}"
            )

    async def _attempt(self, question: _Question, chat: Chat) -> Trouble | None:
        """Send a request that is booked, and book what came of it."""
        try:
            self._ledger.answered(question.id, await chat.ask(question.text, question.seed))
        except Trouble as trouble:
            if not trouble.spent:
                self._ledger.refused(question.id)
            return trouble
        except RuntimeFailure:
            self._ledger.refused(question.id)
            raise
        finally:
            self._under_way -= 1
            async with self._settled:
                self._settled.notify_all()
        return None

    async def _admit(self, question: _Question) -> None:
        """Book a request at its worst, once what is under way leaves room for that within the limits."""
        worst = most_prompt_tokens(question.text) + self._sampling.max_tokens
        async with self._settled:
            while not self._halted.is_set():
                short = self._short_of(worst)
                if short is None:
                    self._ledger.sent(question.id, worst)
                    self._under_way += 1
                    return
                if not self._under_way:
                    raise Spent(short)
                await self._settled.wait()
        raise _Halt

    def _short_of(self, worst: int) -> str | None:
        """What the limits lack for one more request, as a person should read it."""
        ledger, endpoint = self._ledger, self._endpoint
        if ledger.requests + 1 > endpoint.requests:
            short = f"the limit of {endpoint.requests:,} requests is reached"
        elif ledger.tokens + worst > endpoint.tokens:
            spent = f"{ledger.tokens:,} of the limit of {endpoint.tokens:,} tokens are spent"
            short = f"{spent}, and the next request may take {worst:,}"
        else:
            return None
        kept = f"{self._kept:,} answers are kept: a higher limit goes on from there"
        return f"{self._named}: {short}; {kept}"

    def _back_off(self, question: _Question, attempt: int) -> float:
        """Twice as long each time, half of it drawn, so that those who failed together return apart."""
        longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt)
        drawn = int(draw(self._word, f"wait/{question.id}", attempt)) / 2**64
        return longest * (1 + drawn) / 2

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the run is to end first."""
        sleep = asyncio.ensure_future(self._wait(seconds))
        halted = asyncio.ensure_future(self._halted.wait())
        try:
            await asyncio.wait((sleep, halted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            halted.cancel()

    @property
    def _named(self) -> str:
        return f"endpoint {self._endpoint.base}"

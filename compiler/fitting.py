"""Whether all that is read and said fits: contexts, requests, episodes and answers, in tokens."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer

from wug.compiler.diagnosis.diagnostics import Report
from wug.compiler.draft import Draft
from wug.compiler.experiment import Experiment, Learner
from wug.compiler.shape import shape_of


def check_context(drawn: Draft, worlds: Iterable[int], tokenizer: Tokenizer, report: Report) -> None:
    """Report every arm whose context and longest question, in these worlds, do not fit its model (W0502)."""
    experiment = drawn.experiment
    chat, marks = experiment.chat, 1 + len(shape_of(experiment.models[0].model).marks.between)
    turn = (
        len(tokenizer.encode(chat.bare + chat.after).ids) + 4 if chat is not None else 0
    )  # 4: where parts meet
    longest = {number: 0 for number, arm in enumerate(experiment.arms) if arm.context != "none"}
    for of in worlds if longest else ():
        texts = drawn.world_documents(of).text.tolist()
        asked = _asked(drawn, of, tokenizer)
        for number in longest:
            seen = drawn.view(number, of)
            used = sorted({row for rows in seen.contexts for row in rows})
            lengths = dict(
                zip(used, map(len, tokenizer.encode_batch_fast([texts[row] for row in used])), strict=True)
            )
            context = max((sum(lengths[row] + marks for row in rows) for rows in seen.contexts), default=0)
            longest[number] = max(longest[number], context + asked + 1 + turn)
    for number, needed in longest.items():
        arm = experiment.arms[number]
        model = experiment.learner(arm).model
        if needed > model.context:
            message = (
                f"arm '{arm.name}' needs {needed:,} tokens of context; "
                f"model '{model.name}' has {model.context:,}"
            )
            help = (
                "raise the model's 'context', set the arm's 'articles', or use context oracle(k) or bm25(k)"
            )
            report.add("W0502", message, arm.span, help=help)


def _asked(drawn: Draft, of: int, tokenizer: Tokenizer) -> int:
    """How many tokens the longest question of a world takes, its answer included."""
    questions = [
        cue + choice
        for items in drawn.world_tests(of)
        for cue, choices in zip(items.cue.tolist(), items.choices.tolist(), strict=True)
        for choice in choices
    ]
    asked = max(map(len, tokenizer.encode_batch_fast(questions)), default=0)
    for items in drawn.world_tests(of):
        if items.test.sampling is not None:
            cues = map(len, tokenizer.encode_batch_fast(items.cue.tolist()))
            asked = max(asked, max(cues, default=0) + items.test.sampling.max_tokens)
    return asked


def check_requests(experiment: Experiment, needed: dict[str, int], report: Report) -> None:
    """Stop where a model cannot see what it is asked about: by arm, how many tokens it needs (W0502)."""
    for arm in experiment.arms:
        model, room = experiment.writer(arm).model, experiment.room(arm)
        if needed.get(arm.name, 0) > room:
            whose = "augment's" if room < model.context else "its"
            message = (
                f"what model '{model.name}' is to read for arm '{arm.name}' takes {needed[arm.name]:,} "
                f"tokens; {whose} context has {room:,}"
            )
            help = f"raise {whose} 'context', or let augment ask about less: sentences independent"
            report.add("W0502", message, arm.span, help=help)
    report.stop_if_failed()


def check_answers(drawn: Draft, tokenizer: Tokenizer, report: Report) -> None:
    """Report tests whose free answers are too short for a right one (W0508)."""
    for items in drawn.tests:
        if items.test.sampling is None:
            continue
        have, lengths = items.test.sampling.max_tokens, {}
        for cue, accepted in zip(items.cue.tolist(), items.accepted, strict=True):
            before = len(tokenizer.encode(cue).ids)
            for text in accepted:
                lengths[text] = len(tokenizer.encode(cue + text).ids) - before
        text = max(lengths, key=lambda text: lengths[text])
        if lengths[text] > have:
            message = (
                f"test '{items.test.name}' lets a model say {have:,} tokens; "
                f"the right answer '{text.strip()}' takes {lengths[text]:,}"
            )
            help = f"write: generate {{ max_tokens {lengths[text]} }}"
            report.add("W0508", message, items.test.span, help=help)


def check_episodes(learner: Learner, needed: int, report: Report) -> None:
    """Report episodes of `needed` tokens that do not fit the model, which may have changed since (W0502)."""
    model = learner.model
    if needed > model.context:
        message = (
            f"pretraining episodes have up to {needed:,} tokens; "
            f"the context of model '{model.name}' holds {model.context:,}"
        )
        help = "lower 'facts' or 'questions' of pretrain, or raise the model's 'context'"
        report.fail("W0502", message, learner.span, help=help)

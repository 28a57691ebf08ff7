"""Specs that nobody would write, to find where the compiler answers with anything but diagnostics.

    python -m tests.fuzz 100000 --seed 0

Run N of seed S of one commit is one spec, the same everywhere. It is made from a shipped spec, a bad one of
the tests or an example of the docs by a few changes to text, tokens and grammar tree, and checked,
and some of those that are fine are compiled. That ends well in one of two ways: it is fine, or there are
diagnostics that can be shown. Anything else is a finding: an exception, more than a second of CPU time, more
memory than is allowed. A finding is made smaller and kept in `cases`, which an ordinary test tries again.
"""

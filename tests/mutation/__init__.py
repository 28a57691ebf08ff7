"""Whether the tests see it when the compiler is changed.

    python -m tests.mutation 100 --seed 0

mutmut makes the mutants: another comparison, number, argument or text, one in a function. The tests that call
the function are tried on each, in a copy of the tree; the first that fails kills it. What survives is a hole
in the tests, or the same program in other words: these are in `equivalent.jsonl`, with the reason.
"""

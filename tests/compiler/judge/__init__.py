"""A second, slow and obvious reading of specs, to judge the compiler by.

It shares no code with the compiler: specs are read by regular expressions, facts are tuples of words, rules
are applied to everything until nothing changes, and sentences are read by patterns made from the forms.
"""

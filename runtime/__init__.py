"""Trains a model on a compiled experiment and asks it: model, pretrain, finetune, score, report.

The runtime reads compiled directories; it never parses a spec.
"""

if __name__ != "wug.runtime":
    raise ImportError("import wug.runtime, not runtime: one package, one identity")

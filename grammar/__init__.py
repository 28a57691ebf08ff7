"""What may be written: the Lark grammars of `.world` and `.experiment` files."""

if __name__ != "wug.grammar":
    raise ImportError("import wug.grammar, not grammar: one package, one identity")

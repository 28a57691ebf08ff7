"""From two text files to corpora, test splits and episodes: one pass, one file.

    source text -> parse -> check -> populate -> infer -> split -> render -> emit

The compiler never imports JAX.
"""

if __name__ != "wug.compiler":
    raise ImportError("import wug.compiler, not compiler: one package, one identity")

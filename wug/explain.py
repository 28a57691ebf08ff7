"""The examples of `wug explain CODE`: a spec that fails, and the same one mended."""

from __future__ import annotations

import difflib

from rich.console import Console
from rich.text import Text

from wug.compiler.diagnosis.example import File, example


def show_example(code: str, out: Console) -> None:
    """Print the example of a diagnostic; what differs between the two specs stands out."""
    found = example(code)
    if found is None:
        return
    for file in found.beside:
        _print(out, file.name, file, [], "")
    before, after = found.fails.text.splitlines(), found.passes.text.splitlines()
    lines = list(difflib.ndiff(before, after))
    _print(out, f"{found.fails.name} fails", found.fails, [line for line in lines if line[0] in " -"], "red")
    _print(
        out, f"{found.passes.name} passes", found.passes, [line for line in lines if line[0] in " +"], "green"
    )
    if found.shipped:
        out.print(f"\n{found.shipped} is the shipped one: 'wug new {found.shipped.partition('.')[0]}'")


def _print(out: Console, title: str, file: File, marked: list[str], colour: str) -> None:
    """A file below its title; the lines of a diff that are its own alone in a colour."""
    note = f" ({file.note})" if file.note else ""
    out.print(Text(f"\n{title}{note}:", "bold"))
    if not file.text:
        out.print(Text("    (nothing)", "dim"))
    for line in marked or [f"  {line}" for line in file.text.splitlines()]:
        out.print(Text(f"    {line[2:]}".rstrip(), colour if line[0] in "-+" else ""))

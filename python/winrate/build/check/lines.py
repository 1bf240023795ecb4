"""The layout of a check: sections of lines, each a name and what there is to say of it."""

MAX_LETTERS = 40

Line = tuple[str, str]  # a line without a name goes on with the one above


def section(title: str, lines: list[Line]) -> str:
    """A titled list of lines, their texts below each other."""
    width = max((len(name) for name, _ in lines), default=0) + 2
    return "\n".join([title, *(f"  {name:<{width}}{text}".rstrip() for name, text in lines), ""])


def brief(text: str, limit: int = MAX_LETTERS) -> str:
    """Text of an export in one short line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."

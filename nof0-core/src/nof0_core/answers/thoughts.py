"""Parting what a model marked as thought from what it says.

There are as many marks of thought as makers of models: tags, square brackets, channels, fences.
What is not known as a mark of either may hold an answer only if nothing closes it afterwards.
"""

from __future__ import annotations

import re

_WORD = (
    r"(?:[\w:-]{0,20}?(?:think|thought|reason|analy[sz]|reflect|scratch|monologue|deliberat|ponder"
    r"|brainstorm|consider|planning|rationale|critique|draft|plan|cot|idea|commentary|note)"
    r"[\w:-]{0,20})"
)
_MARK = re.compile(
    rf"""
      <(?P<tag>/?){_WORD}(?:\s[^<>]{{0,200}}=[^<>]{{0,200}}(?<!/))?\s{{0,9}}>
    | (?P<square>\[(?P<bracket>/?){_WORD}\])
    | \u25c1(?P<kimi>/?){_WORD}\u25b7
    | <\|(?P<token>/|end_of_|end_|end-)?(?:begin_of_|begin_|start_of_|start_|start-)?{_WORD}\|>
    | (?P<channel><\|channel\|?>[ ]*(?!final\b)\w[^<]{{0,80}}?<\|message\|>)
    | (?P<gemma><\|channel>[ ]*{_WORD}\b)
    | (?P<final><\|channel\|?>[ ]*final\b[^<]{{0,80}}?<\|message\|>|<channel\|>)
    | (?P<open><!--|(?P<fence>`{{3,}})[ ]*{_WORD}\b[^\n`]*\n)
    | (?P<close>-->|`{{3,}}[ ]*(?=\n|$))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_THINKS = re.compile("think|thought", re.IGNORECASE)
_WRAPPER = re.compile(
    r"<(/?)([A-Za-z][\w:-]{0,40})(?:[=\s][^<>]{0,200})?>|\[(/?)([A-Z][A-Z_]{1,30})\]"
)
_SAYS = re.compile(
    r"^(?!.*(?:example|previous|reject|wrong)).*(?:answer|final|output|respon|result|json|decision"
    r"|decide|call|tool|function|invoke|param|arg|code|data|trade|trading|signal|order|action|text|message|content|^pre$)"
)
"""Names of marks that an answer may stand in."""


def parted(text: str) -> tuple[list[str], str]:
    """Part thoughts from the rest, in one pass: an answer may consist of marks alone.

    Some endpoints leave out the opening mark: all before a closing one alone is thought. An answer
    that is cut off has no closing mark: all after the opening one is thought. Where there are
    channels, the final one alone is the answer.

    Returns:
        The thoughts, and the rest as one text.
    """
    thoughts: list[str] = []
    rest: list[str] = []
    position, within = 0, ""
    for mark in _MARK.finditer(text):
        kind, closes = _kind(mark)
        if not _counts(mark, text, within, kind, closes=closes):
            continue
        part = text[position : mark.start()]
        if closes:
            thoughts += [part] if within else [*rest, part]
            rest = rest if within else []
            within = ""
        elif not within:
            rest.append(part)
            within = kind
        else:
            thoughts.append(part)
        position = mark.end()
    (thoughts if within else rest).append(text[position:])
    return [kept for each in thoughts if (kept := each.strip())], " ".join(rest)


def enclosing(text: str, start: int, end: int) -> str:
    """Return the name of an unknown mark that stands open before `start` and is closed after `end`.

    Empty where there is none. Marks that answers are known to stand in do not count.
    """
    open_: list[str] = []
    for mark in _WRAPPER.finditer(text, 0, start):
        name = (mark[2] or mark[4]).lower()
        if not (mark[1] or mark[3]):
            open_.append(name)
        elif name in open_:
            del open_[len(open_) - 1 - open_[::-1].index(name) :]
    closed = {(m[2] or m[4]).lower() for m in _WRAPPER.finditer(text, end) if m[1] or m[3]}
    return next((name for name in open_ if name in closed and not _SAYS.search(name)), "")


def _kind(mark: re.Match[str]) -> tuple[str, bool]:
    """Return what kind of mark it is, and whether it ends a thought."""
    if mark["final"]:
        return "channel", True
    if mark["channel"] or mark["gemma"]:
        return "channel", False
    if mark["open"]:
        return ("fence" if mark["fence"] else "comment"), False
    if mark["close"]:
        return ("comment" if mark["close"] == "-->" else "fence"), True
    return "tag", any(mark[name] for name in ("tag", "bracket", "kimi", "token"))


def _counts(mark: re.Match[str], text: str, within: str, kind: str, *, closes: bool) -> bool:
    """Tell whether a mark that also has other uses is one of thought here."""
    if kind in ("fence", "comment"):
        return within == kind if closes else not within
    # A word in brackets is a heading, too; a thought only where the brackets are closed.
    is_heading = mark["square"] and not closes and not _THINKS.search(mark[0])
    return not is_heading or "[/" in text[mark.end() :]

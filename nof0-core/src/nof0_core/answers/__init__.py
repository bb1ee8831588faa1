"""From the text of a model to decisions: found, read, checked, and told where it is wrong.

`answer_schema` is the JSON schema a model is shown, the one in `CompletionRequest.schema`. `parse`
reads a text, `validate` a whole completion, as the engine does before the risk gate sees it.
`extract` finds an answer of another form than decisions.
"""

from nof0_core.answers.extraction import Ambiguous, extract
from nof0_core.answers.parsing import (
    LARGEST,
    MOST_DECISIONS,
    MOST_DIGITS,
    SMALLEST,
    Answer,
    parse,
)
from nof0_core.answers.schema import answer_schema
from nof0_core.answers.symbols import named
from nof0_core.answers.validation import validate

__all__ = [
    "LARGEST",
    "MOST_DECISIONS",
    "MOST_DIGITS",
    "SMALLEST",
    "Ambiguous",
    "Answer",
    "answer_schema",
    "extract",
    "named",
    "parse",
    "validate",
]

"""What an exercise still lacks."""


class Missing(Exception):
    """The first thing that an exercise still lacks.

    `what` is what was found, `why` is why it matters, `hint` is what to do next.
    """

    def __init__(self, what: str, why: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint

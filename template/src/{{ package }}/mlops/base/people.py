"""The names and reasons that people give: which are accepted, and which names mean the same person.

A name decides who may approve, so it must not be possible to write the same name in two ways. Only
Latin letters are accepted, because other alphabets have letters that look like them.
"""

import re
import unicodedata

LONGEST_NAME = 100
LONGEST_REASON = 500
# ASCII, Latin-1 and Latin Extended-A letters, digits, and the marks of names, logins and addresses.
NAME = re.compile(r"[A-Za-zÀ-ÖØ-öø-\u017f0-9 .,'\u2019@+#&()_\\-]+")
# Letters that look alike, or that have no accent for Unicode to remove.
PLAIN = str.maketrans("01i\u0131łøđðħŧĸ", "olllloddhtk") | {ord("æ"): "ae", ord("œ"): "oe"}


def is_name(text: str) -> bool:
    """Return whether a text is a name of 2 to 100 accepted characters, with at least one letter."""
    composed = unicodedata.normalize("NFC", text)
    return (
        2 <= len(composed) <= LONGEST_NAME
        and NAME.fullmatch(composed) is not None
        and any(character.isalpha() for character in composed)
    )


def is_reason(text: str) -> bool:
    """Return whether a text is one line of at most 500 visible characters, with a letter or digit.

    Any alphabet is accepted: nothing is decided by a reason.
    """
    return (
        len(text) <= LONGEST_REASON
        and text.isprintable()
        and any(character.isalnum() for character in text)
    )


def is_same(one: str, other: str) -> bool:
    """Return whether two names are the same apart from case, accents, marks and look-alikes."""
    return _skeleton(one) == _skeleton(other)


def is_actor(name: str, actor: str) -> bool:
    """Return whether a name is one of those of an actor, as `lineage.current_actor` writes it.

    A login is also found in an address, `carol@bank.example`, and after a Windows domain.
    """
    parts = [actor, *re.split(r", | via ", actor)]
    known = {_skeleton(form) for part in parts for form in (part, part.partition("@")[0])}
    local = name.rpartition("\\")[2].partition("@")[0]
    return bool(known & {_skeleton(name), _skeleton(local)})


def _skeleton(name: str) -> str:
    """Return a form of a name that is equal for all names that a person may take for it."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    letters = "".join(c for c in unicodedata.normalize("NFKD", folded) if c.isalnum())
    return letters.translate(PLAIN).replace("rn", "m").replace("vv", "w")

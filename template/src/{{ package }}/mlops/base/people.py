"""The names and reasons that people give: which are accepted, and which names mean the same person.

A name decides who may approve, so it must not be possible to write the same name in two ways. Only
Latin letters are accepted, because other alphabets have letters that look like them.
"""

import re
import unicodedata

LONGEST_NAME = 100
LONGEST_REASON = 500
# ASCII, Latin-1 and Latin Extended-A letters, digits, and the marks of names, logins and addresses.
# Without the long s, which looks like an f and means an s.
NAME = re.compile(r"[A-Za-zÀ-ÖØ-öø-\u017e0-9 .,'\u2019@+#&_\\-]+")
MARKS = re.compile(r"[\W_]+")  # between words
# Letters that look alike, or that have no accent for Unicode to remove.
PLAIN = str.maketrans("01i\u0131łøđðħŧĸŋþ", "olllloddhtknp") | {ord("æ"): "ae", ord("œ"): "oe"}
SPELLINGS: tuple[dict[int, str], ...] = (
    {},
    # without the letters that a keyboard may not have
    str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "þ": "th", "đ": "dj"}),
    # by what they look like
    str.maketrans({"ß": "b", "ð": "o"}),
)


def is_name(text: str) -> bool:
    """Return whether a text is a name of 2 to 100 accepted characters, with at least one letter.

    What `lineage.current_actor` writes about two names, such as `anna via GitHub`, is not a name.
    """
    composed = unicodedata.normalize("NFC", text)
    return (
        2 <= len(composed) <= LONGEST_NAME
        and NAME.fullmatch(composed) is not None
        and any(character.isalpha() for character in composed)
        and not _is_compound(composed)
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
    return not _skeletons(one).isdisjoint(_skeletons(other))


def is_actor(name: str, actor: str) -> bool:
    """Return whether a name is one of those of an actor, as `lineage.current_actor` writes it.

    Both may be a login, an address, or a login with a Windows domain.
    """
    parts = [actor, *re.split(r", | via ", actor)]
    return any(
        is_same(given, form)
        for given in (name, short_name(name))
        for part in parts
        for form in (part, short_name(part))
    )


def short_name(name: str) -> str:
    r"""Return the login in `BANK\carol`, `carol@bank.example` and `carol+risk@bank.example`."""
    login = re.split(r"[\\/]", name)[-1]
    return login.partition("@")[0].partition("+")[0] or name


def _is_compound(name: str) -> bool:
    """Return whether a text has the forms that `lineage.current_actor` puts names into."""
    words = name.split()
    linked = any(is_same(word, "via") for word in words[1:-1])
    listed = "@" in name and re.search(r"[\s,]|@.*@", name.strip()) is not None
    return linked or listed


def _skeletons(name: str) -> set[str]:
    """Return forms of a name; names that a person may take for the same have one in common."""
    lowered = unicodedata.normalize("NFKC", name).lower()
    return {
        skeleton
        for spelling in SPELLINGS
        for skeleton in _in_any_order(lowered.translate(spelling).casefold())
    }


def _in_any_order(name: str) -> tuple[str, str]:
    """Return the letters of a name with its words as they are and sorted."""
    separate = unicodedata.normalize("NFKD", name)
    letters = "".join(c for c in separate if unicodedata.category(c) not in {"Mn", "Lm"})
    words = MARKS.split(letters)
    return _without_look_alikes("".join(words)), _without_look_alikes("".join(sorted(words)))


def _without_look_alikes(letters: str) -> str:
    return letters.translate(PLAIN).replace("rn", "m").replace("vv", "w")

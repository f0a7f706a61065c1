"""Names cannot be written in two ways, and nobody is two people."""

import pytest
from rendering import platform

people = platform("base.people")


@pytest.mark.parametrize(
    "name",
    [
        *("Ann Other", "anna@bank.example", "Jane O'Neil", "Jane O\u2019Neil", "José Müller-Łuk"),
        *(r"BANK\anna", "anna_bank.example#EXT#@bank.onmicrosoft.com", "Lovelace, Ada"),
        *("A. Nother", "octo-cat", "Jose\N{COMBINING ACUTE ACCENT}", "Della Via", "octo-via-cat"),
        *("Olivia", "A\N{LATIN SMALL LETTER ENG}a", "Þóra Guðrún", "anna+risk@bank.example"),
    ],
)
def test_names_logins_and_addresses_are_accepted(name: str) -> None:
    assert people.is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "-", ".", "--", "a", "42", "()", " "),
        "c\N{CYRILLIC SMALL LETTER A}rol",
        "\N{FULLWIDTH LATIN SMALL LETTER A}nna",
        *("anna\x1b[31m", "anna\nbob", "anna\x00", "anna\N{ZERO WIDTH SPACE}", "anna\u202e"),
        *("##vso[task.complete]", "::error::anna", "<b>anna</b>", "a" * 101, "a" * 10_000),
        *("Anna (approver)", "anna(2)", "Anna )", "\N{LATIN SMALL LETTER LONG S}rank"),
        *("anna via GitHub", "Anna VIA GitHub", "anna v\N{LATIN SMALL LETTER DOTLESS I}a x"),
        *("anna via GitHub, bob@host", "anna  v1a  b", "anna -via- b"),
        *("anna@host, bob", "anna@host, bob@host", "bob, anna@host", "anna@a@b"),
    ],
)
def test_what_is_no_name_or_could_be_taken_for_another_is_not(name: str) -> None:
    assert not people.is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("carol", "Carol", "CAROL", "C.A.R.O.L.", " carol ", "c\u00e1rol", "caro1", "caroI"),
        *("car0l", "carol@host", "Carol@Host", "carol@bank.example", r"BANK\carol"),
        *("\N{FULLWIDTH LATIN SMALL LETTER C}arol", "carol+x@host", "carol+2@bank.example"),
    ],
)
def test_a_trainer_has_many_spellings(name: str) -> None:
    assert people.is_actor(name, "carol@host")
    assert people.is_actor(name, "octocat via GitHub, carol@host")
    assert people.is_actor(name, "BANK\\carol@host"), "as winbind names users"
    assert people.is_actor(name, "carol@bank.example@host"), "as sssd may name them"
    assert people.is_actor(name, "carol+ml@bank.example via GitLab, root@host")


@pytest.mark.parametrize(
    ("login", "short"),
    {
        "carol": "carol",
        "BANK\\carol": "carol",
        "BANK/carol": "carol",
        "carol+ml@bank.example": "carol",
        "+": "+",
    }.items(),
)
def test_a_login_is_compared_without_its_domain(login: str, short: str) -> None:
    assert people.short_name(login) == short


@pytest.mark.parametrize(
    ("name", "other"),
    [
        *(
            ("a\u0149na", "anna"),
            ("a\N{LATIN SMALL LETTER ENG}\N{LATIN SMALL LETTER ENG}a", "anna"),
        ),
        *(
            ("\N{LATIN CAPITAL LETTER ENG}ora", "Nora"),
            ("L\u0131sa", "Lisa"),
            ("\u0142isa", "Lisa"),
        ),
        *(("J\u00f8rn", "Jorn"), ("J\u00f8rn", "Joern"), ("\u0111or\u0111e", "dorde")),
        *(("\u0127ans", "hans"), ("\u0167im", "Tim"), ("\u0138im", "Kim")),
        *(
            ("Gro\u00df", "Gross"),
            ("\u00dfob", "Bob"),
            ("J\u00e6ger", "Jaeger"),
            ("\u0153la", "oela"),
        ),
        *(("\u00feaul", "Paul"), ("\u00de\u00f3ra", "Thora"), ("Gu\u00f0run", "Gudrun")),
        *(("\u00f0laf", "Olaf"), ("M\u00fcller", "Mueller"), ("M\u00fcller", "Muller")),
        *(
            ("\u00c5sa", "Aasa"),
            ("\u00c5sa", "Asa"),
            ("Michae1", "Michael"),
            ("\u0133sbrand", "Ijsbrand"),
        ),
        *(("Miller, Anna", "Anna Miller"), ("anna.miller", "Miller, Anna")),
    ],
)
def test_no_letter_makes_another_person(name: str, other: str) -> None:
    assert people.is_same(name, other)
    assert people.is_actor(name, f"{other}@host")


def test_two_people_with_similar_names_are_two() -> None:
    for one, other in (("Michael", "Micha\u0142"), ("Anna", "Hanna"), ("Noel", "Nol")):
        assert not people.is_same(one, other)
    assert not people.is_same("Mueller", "Muller"), "although both may be Müller"


@pytest.mark.parametrize("name", ["octocat", "Octo Cat", "0ctocat", "octocat@bank.example"])
def test_who_started_the_pipeline_is_an_actor_too(name: str) -> None:
    assert people.is_actor(name, "octocat via GitHub, runner@host")
    assert people.is_actor(name, "octocat@bank.example via Azure DevOps, runner@host")


@pytest.mark.parametrize("name", ["Ann Other", "caroline", "host", "car", "carl", "runner2"])
def test_another_person_is_another(name: str) -> None:
    assert not people.is_actor(name, "carol@host")
    assert not people.is_actor(name, "octocat via GitHub, runner@host")


def test_names_are_the_same_apart_from_how_they_are_written() -> None:
    assert people.is_same("Anna Müller", "ANNA MULLER")
    assert people.is_same("anna@bank.example", "Anna@Bank.example")
    assert not people.is_same("anna@bank.example", "anna@other.example")


@pytest.mark.parametrize("text", ["scores jumped on 3 March", "Жалобы", "7", "not given"])
def test_a_reason_is_in_any_alphabet(text: str) -> None:
    assert people.is_reason(text)


@pytest.mark.parametrize(
    "text", ["", " ", "-", "...", "a\nb", "a\x1b[0m", "a\u202eb", "a" * 501, "a" * 10_000]
)
def test_a_reason_is_one_visible_line_that_says_something(text: str) -> None:
    assert not people.is_reason(text)

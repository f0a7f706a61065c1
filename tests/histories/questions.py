"""Changes that a release makes to the questions, and to the table of conditional paths."""

from .changes import Change, Draft, Question

LIST = " -%}\n{%- for found"  # what follows the list of folders in .mlops/files.jinja


def a_new_question(draft: Draft) -> None:
    """Add a question whose answer a new platform file contains."""
    name = f"region_{draft.number()}"
    question = Question(name, ("eu", "us"), draft.rng.choice(["eu", "us"]))
    draft.ask(question, write(question, question.default))
    draft.write(f"template/.mlops/{name}.txt.jinja", f"{{{{ {name} }}}}\n")


def a_renamed_question(draft: Draft) -> bool:
    """Rename a question; its default is the answer under any of its former names."""
    old = next((each for each in draft.asked if each.name.startswith("region_")), None)
    if old is None:
        return False
    new = Question(f"region_{draft.number()}", old.choices, old.default, (*old.former, old.name))
    default = f"'{new.default}'"
    for name in new.former:
        default = f"{name} | default({default})"
    folder = "template/.mlops"
    text = draft.asked.pop(old)
    draft.asked[new] = write(new, f'"{{{{ {default} }}}}"')
    draft.replace("copier.yml", text, draft.asked[new])
    draft.replace(f"{folder}/{old.name}.txt.jinja", old.name, new.name)
    (draft.folder / folder / f"{old.name}.txt.jinja").rename(
        draft.folder / folder / f"{new.name}.txt.jinja"
    )
    draft.rename_answer(old.name, new.name)
    return True


def a_new_row(draft: Draft) -> None:
    """Add a question where each answer but one has its own platform folder."""
    number = draft.number()
    choices = ("none", "cloud", "cluster")
    question = Question(f"store_{number}", choices, draft.rng.choice(choices))
    text = write(question, question.default)
    rows = "---\n_exclude:\n"
    for place in choices[1:]:
        has = f"has_{place}_{number}"
        folder = f".{place}-{number}"
        text += compute(has, f"{question.name} == '{place}'")
        rows += row(has, folder, default="false")
        draft.write(f"template/{folder}/run.yml", f"place: {place}\n")
        list_when(draft, folder, has)
    draft.ask(question, text + rows)


def a_folder_that_becomes_conditional(draft: Draft) -> bool:
    """Remove from some projects a folder that all had."""
    if not draft.folders:
        return False
    folder = draft.folders.pop(0)
    number = draft.number()
    question = Question(f"keep_{number}", ("all", "some"), draft.rng.choice(["all", "some"]))
    has = f"has_kept_{number}"
    text = write(question, question.default) + compute(has, f"{question.name} == 'all'")
    draft.ask(question, f"{text}---\n_exclude:\n{row(has, folder, default='true')}")
    draft.replace("template/.mlops/files.jinja", f'  "{folder}/*",\n', "")
    list_when(draft, folder, has)
    return True


def a_new_choice(draft: Draft) -> None:
    number = draft.number()
    anchor = "    a lot; like medium, with stricter checks (high): high\n"
    draft.replace("copier.yml", anchor, f"{anchor}    more than much ({number}): more-{number}\n")


def a_changed_default(draft: Draft) -> None:
    """Change the default for new projects; existing ones have stored their answer."""
    low, medium = (f"  default: {tier}\n  choices:\n    little" for tier in ("low", "medium"))
    old, new = (medium, low) if medium in draft.read("copier.yml") else (low, medium)
    draft.replace("copier.yml", old, new)


def write(question: Question, default: str) -> str:
    """Return the text of a question in copier.yml."""
    choices = ", ".join(question.choices)
    settings = f"type: str, help: 'Which?', default: {default}, choices: [{choices}]"
    return f"{question.name}: {{{settings}}}\n"


def compute(name: str, condition: str) -> str:
    """Return the text of a computed condition in copier.yml."""
    refusal = "validator: Leave it out of --data."
    return f'{name}: {{type: bool, when: false, default: "{{{{ {condition} }}}}", {refusal}}}\n'


def row(has: str, folder: str, default: str) -> str:
    """Return a row of the table."""
    return f'  - "{{% if not {has} | default({default}) %}}\\n/{folder}\\n{{% endif %}}"\n'


def list_when(draft: Draft, folder: str, has: str) -> None:
    """List the files of a folder as the platform's if a condition holds."""
    condition = f' + (["{folder}/*"] if {has} else [])'
    draft.replace("template/.mlops/files.jinja", LIST, condition + LIST)


CHANGES: tuple[Change, ...] = (
    a_new_question,
    a_renamed_question,
    a_new_row,
    a_folder_that_becomes_conditional,
    a_new_choice,
    a_changed_default,
)

"""What a release changes in the questions and in the table of what is rendered when."""

from .changes import Change, Draft, Question

LIST = " -%}\n{%- for found"  # behind the list of folders in .mlops/files.jinja


def a_new_question(draft: Draft) -> None:
    """Ask for what a new platform file says."""
    name = f"region_{draft.number()}"
    question = Question(name, ("eu", "us"), draft.rng.choice(["eu", "us"]))
    draft.ask(question, write(question, question.default))
    draft.write(f"template/.mlops/{name}.txt.jinja", f"{{{{ {name} }}}}\n")


def a_renamed_question(draft: Draft) -> bool:
    """Ask under a new name; the default is what was answered under any of the former names."""
    old = next((each for each in draft.asked if each.name.startswith("region_")), None)
    if old is None:
        return False
    new = Question(f"region_{draft.number()}", old.choices, old.default, (*old.former, old.name))
    default = f"'{new.default}'"
    for name in new.former:
        default = f"{name} | default({default})"
    folder, text = "template/.mlops", draft.asked.pop(old)
    draft.asked[new] = write(new, f'"{{{{ {default} }}}}"')
    draft.replace("copier.yml", text, draft.asked[new])
    draft.replace(f"{folder}/{old.name}.txt.jinja", old.name, new.name)
    (draft.folder / folder / f"{old.name}.txt.jinja").rename(
        draft.folder / folder / f"{new.name}.txt.jinja"
    )
    draft.rename_answer(old.name, new.name)
    return True


def a_new_row(draft: Draft) -> None:
    """Ask a question of which each answer but one has a folder of the platform's."""
    number = draft.number()
    choices = ("none", "cloud", "cluster")
    question = Question(f"store_{number}", choices, draft.rng.choice(choices))
    text, rows = write(question, question.default), "---\n_exclude:\n"
    for place in choices[1:]:
        has, folder = f"has_{place}_{number}", f".{place}-{number}"
        text += compute(has, f"{question.name} == '{place}'")
        rows += row(has, folder, default="false")
        draft.write(f"template/{folder}/run.yml", f"place: {place}\n")
        list_when(draft, folder, has)
    draft.ask(question, text + rows)


def a_folder_that_becomes_conditional(draft: Draft) -> bool:
    """Leave out of some projects what all had."""
    if not draft.folders:
        return False
    folder, number = draft.folders.pop(0), draft.number()
    question = Question(f"keep_{number}", ("all", "some"), draft.rng.choice(["all", "some"]))
    has = f"has_kept_{number}"
    text = write(question, question.default) + compute(has, f"{question.name} == 'all'")
    draft.ask(question, f"{text}---\n_exclude:\n{row(has, folder, default='true')}")
    draft.replace("template/.mlops/files.jinja", f'  "{folder}/*",\n', "")
    list_when(draft, folder, has)
    return True


def a_new_choice(draft: Draft) -> None:
    number = draft.number()
    anchor = "    much; like medium, with stricter checks (high): high\n"
    draft.replace("copier.yml", anchor, f"{anchor}    more than much ({number}): more-{number}\n")


def a_changed_default(draft: Draft) -> None:
    """Change what new projects are offered; those that are there have answered."""
    low, medium = (f"  default: {tier}\n  choices:\n    little" for tier in ("low", "medium"))
    old, new = (medium, low) if medium in draft.read("copier.yml") else (low, medium)
    draft.replace("copier.yml", old, new)


def write(question: Question, default: str) -> str:
    """Return a question as copier.yml asks it."""
    choices = ", ".join(question.choices)
    settings = f"type: str, help: 'Which?', default: {default}, choices: [{choices}]"
    return f"{question.name}: {{{settings}}}\n"


def compute(name: str, condition: str) -> str:
    """Return a computed condition as copier.yml has it."""
    refusal = "validator: Leave it out of --data."
    return f'{name}: {{type: bool, when: false, default: "{{{{ {condition} }}}}", {refusal}}}\n'


def row(has: str, folder: str, default: str) -> str:
    """Return a row of the table."""
    return f'  - "{{% if not {has} | default({default}) %}}\\n/{folder}\\n{{% endif %}}"\n'


def list_when(draft: Draft, folder: str, has: str) -> None:
    """List the files of a folder as the platform's, when a condition holds."""
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

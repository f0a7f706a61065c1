"""Whoever can change the files of a version, but not the journal, changes nothing that runs."""

import compileall
import hashlib
import marshal
import os
import pickle
import shutil
from collections.abc import Callable
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from lifecycle import behind
from lifecycle.project import AS_OF, Facts, Project

MODEL = "dev.loan-risk"
SCORE = ("score", "--as-of", AS_OF)
Attack = Callable[[Path, str], object]


def edit_scorer(files: Path, code: str) -> None:
    append(files / "scorer.py", code)


def edit_schema(files: Path, code: str) -> None:
    append(module(files, "schema.py"), code)


def own_loader(files: Path, code: str) -> None:
    (files / "code/loader.py").write_text(f"{code}\ndef _load_pyfunc(path): return None\n")
    edit_model(files, {"loader_module": "loader"})


def own_loader_of_the_standard_library(files: Path, code: str) -> None:
    (files / "code/json.py").write_text(code)
    edit_model(files, {"loader_module": "json"})


def a_pickle(files: Path, code: str) -> None:
    (files / "python_model.pkl").write_bytes(pickle.dumps(Running(code)))
    edit_model(
        files,
        {"loader_module": "mlflow.pyfunc.model", "python_model": "python_model.pkl"},
        drop="model_code_path",
    )


def a_path_out_of_the_folder(files: Path, code: str) -> None:
    elsewhere = files.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text(code)
    edit_model(files, {"code": "../elsewhere"})


def bytecode_without_source(files: Path, code: str) -> None:
    source = module(files, "features.py")
    source.write_text(f"{source.read_text()}\n{code}\n")
    compileall.compile_file(str(source), legacy=True, quiet=1)
    source.unlink()


def a_link(files: Path, code: str) -> None:
    kept = files.parent / "card.json"
    (files / "artifacts/card.json").rename(kept)
    (files / "artifacts/card.json").symlink_to(kept)


def a_stray_file(files: Path, code: str) -> None:
    (files / "artifacts/notes.pkl").write_bytes(b"")


def another_cutoff(files: Path, code: str) -> None:
    """With golden predictions that match, so that replaying them finds nothing."""
    card = files / "artifacts/card.json"
    text = card.read_text("utf-8")
    assert '"cutoff": 0.2' in text
    card.write_text(text.replace('"cutoff": 0.2', '"cutoff": 0.95'), "utf-8")
    golden = files / "artifacts/golden_predictions.parquet"
    frame = pd.read_parquet(golden)
    frame.assign(decision=frame["score"] >= 0.95).to_parquet(golden)


def no_files_at_all(files: Path, code: str) -> None:
    files.rename(files.with_name("gone"))


ATTACKS: tuple[Attack, ...] = (
    edit_scorer,
    edit_schema,
    own_loader,
    own_loader_of_the_standard_library,
    a_pickle,
    a_path_out_of_the_folder,
    bytecode_without_source,
    a_link,
    a_stray_file,
    another_cutoff,
    no_files_at_all,
)


class Running:
    """An object that runs code when it is unpickled."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> Any:
        return exec, (self.code,)


def append(path: Path, code: str) -> None:
    path.write_text(f"{path.read_text('utf-8')}\n{code}\n", "utf-8")


def module(files: Path, name: str) -> Path:
    """Return the path of one of the user's modules that a version carries."""
    [path] = files.glob(f"code/*/{name}")
    return path


def edit_model(files: Path, keys: Facts, drop: str = "") -> None:
    """Change keys of the only flavor in MLmodel."""
    path = files / "MLmodel"
    facts = yaml.safe_load(path.read_text("utf-8"))
    facts["flavors"]["python_function"].update(keys)
    facts["flavors"]["python_function"].pop(drop, None)
    path.write_text(yaml.safe_dump(facts), "utf-8")


def attack(project: Project, how: Attack, number: int = 1) -> Path:
    """Change the files of a version; return the file that exists once the attack's code has run."""
    ran = project.folder.with_name("ran")
    how(Path(project.call(behind.files, MODEL, number)), f"open({str(ran)!r}, 'w').close()")
    return ran


def refuse(project: Project, ran: Path, *words: str) -> str:
    """Expect that a command names the version as changed, and runs nothing of it."""
    answer = project.run(*words, code=None)
    assert not ran.exists()
    assert answer.code == 1
    assert "version 1" in answer.said
    assert "restore" in answer.said
    return answer.said


@pytest.mark.parametrize("how", ATTACKS)
def test_a_changed_champion_is_neither_loaded_nor_used(live: Project, how: Attack) -> None:
    ran = attack(live, how)
    refuse(live, ran, *SCORE)
    assert live.batches() == []


def test_every_command_refuses_a_changed_version(live: Project) -> None:
    ran = attack(live, edit_schema)
    for words in (
        SCORE,
        ("monitor", "--as-of", AS_OF),
        ("gate", "1"),
        ("promote", "1"),
        ("reproduce", "1"),
        ("doctor",),
        ("serve", "--port", "0"),
    ):
        refuse(live, ran, *words)
    status = live.run("status", code=1)
    assert any("version 1" in problem for problem in status.facts["problems"])
    assert not ran.exists()


def test_bytecode_in_the_store_is_never_run(live: Project) -> None:
    """A version that was loaded in place has bytecode next to it, so this alone is no attack."""
    files = Path(live.call(behind.files, MODEL, 1))
    ran = live.folder.with_name("ran")
    for source in (files / "scorer.py", module(files, "schema.py")):
        append_bytecode(source, f"open({str(ran)!r}, 'w').close()\n{source.read_text('utf-8')}")
    live.run(*SCORE)
    assert not ran.exists()


def append_bytecode(source: Path, text: str) -> None:
    """Write bytecode of another text that Python takes for that of the source."""
    facts = source.stat()
    head = MAGIC_NUMBER + bytes(4)
    head += int(facts.st_mtime).to_bytes(4, "little") + facts.st_size.to_bytes(4, "little")
    cache = Path(cache_from_source(str(source)))
    cache.parent.mkdir(exist_ok=True)
    cache.write_bytes(head + marshal.dumps(compile(text, str(source), "exec")))


def test_what_changes_after_the_check_has_no_effect(live: Project) -> None:
    ran = live.folder.with_name("ran")
    assert live.call(load_a_swapped_version, str(ran)) == {"same": True}
    assert not ran.exists()


def load_a_swapped_version(ran: str) -> Facts:
    """Check a version, change its files in the store, then load it."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store

    store = open_store(open_project("dev"))
    version = store.fetch_champion()
    edit_scorer(Path(behind.files(MODEL, 1)), f"open({ran!r}, 'w').close()")
    edit_schema(Path(behind.files(MODEL, 1)), f"open({ran!r}, 'w').close()")
    golden = pd.read_parquet(version.artifact("golden_rows.parquet"))
    expected = pd.read_parquet(version.artifact("golden_predictions.parquet"))
    loaded = store.registry.load(version)
    assert loaded.contract.features
    assert os.stat(version.folder.parent).st_mode & 0o777 == 0o700  # noqa: PTH116
    return {"same": bool(loaded.predict(golden).equals(expected))}


@pytest.mark.full
def test_rollback_refuses_a_changed_version(succeeded: Project) -> None:
    ran = attack(succeeded, edit_scorer)
    refuse(succeeded, ran, "rollback")
    assert succeeded.call(behind.aliases, MODEL) == {"champion": 2}


def test_a_changed_challenger_is_not_in_the_shadow(rivalled: Project) -> None:
    ran = attack(rivalled, edit_scorer, number=2)
    answer = rivalled.run(*SCORE, "--set", "scoring.shadow=true")
    assert "version 2" in answer.facts["shadow"]["missing"]
    assert "have changed" in answer.facts["shadow"]["missing"]
    assert not ran.exists()


def test_a_version_that_nobody_trained_here_is_judged_only_by_name(live: Project) -> None:
    live.use_store_in_prod()
    live.call(behind.copy, MODEL, 1, "prod.loan-risk")
    prod = ("--env", "prod")
    said = live.run("gate", "1", *prod, code=1).said
    digest = live.call(behind.entries)[0]["details"]["digest"]
    assert "does not know version 1" in said
    assert f"gate 1 --digest {digest} --env prod" in said
    wrong = live.run("gate", "1", "--digest", "0" * 64, *prod, code=1).said
    assert "does not match the files of version 1 of prod.loan-risk, whose SHA-256" in wrong
    assert "VERSION" in live.run("gate", "--digest", digest, *prod, code=2).said
    live.run("gate", "1", "--digest", digest, *prod)
    live.run("gate", "1", *prod)  # from now on, the journal knows it
    live.run("promote", "1", *prod, "--approved-by", "Ann Other", person="ann")


def test_the_digest_of_training_is_that_of_the_gate_and_the_promotion(live: Project) -> None:
    digests = [entry["details"]["digest"] for entry in live.call(behind.entries)]
    assert len(digests) == 3
    assert len(set(digests)) == 1


def test_a_digest_changed_in_the_journal_has_no_effect(live: Project) -> None:
    """The entries are files of the store as well, but their chain ends in the registry."""
    ran = attack(live, edit_scorer)
    details = live.call(behind.entries)[0]["details"]
    digest = live.call(digest_of, 1)
    live.call(behind.alter, 1, {"details": details | {"digest": digest}})
    answer = live.run(*SCORE, code=1)
    assert "have changed" in answer.said or "cannot be trusted" in answer.said
    assert not ran.exists()


def digest_of(number: int) -> str:
    """Return the digest of a version's files as they are now."""
    from loan_risk.mlops.base.project import open_project
    from loan_risk.mlops.records.store import open_store

    return str(open_store(open_project("dev")).registry.copy(number).digest)


# Batches


def part(project: Project, batch: int = -1) -> Path:
    """Return the file of a published batch."""
    return project.batches()[batch] / "part.parquet"


def edit_decisions(project: Project) -> None:
    frame = pd.read_parquet(part(project))
    frame.assign(decision=~frame["decision"]).to_parquet(part(project))


def edit_facts(project: Project) -> None:
    facts = part(project).with_name("_SUCCESS")
    facts.write_text(facts.read_text().replace('"version":1', '"version":2'))


def add_rows(project: Project) -> None:
    shutil.copy(part(project), part(project).with_name("more.parquet"))


def delete_batch(project: Project) -> None:
    shutil.rmtree(part(project).parent)


def add_batch(project: Project) -> None:
    newest = part(project).parent
    shutil.copytree(newest, newest.with_name("batch-0009"))


@pytest.mark.parametrize("change", [edit_decisions, edit_facts, add_rows, delete_batch, add_batch])
def test_a_changed_batch_is_named_by_status_and_doctor(
    scored: Project, change: Callable[[Project], None]
) -> None:
    assert scored.run("status").facts["problems"] == []
    change(scored)
    for command in ("status", "doctor"):
        said = scored.run(command, code=1).said
        assert f"date={AS_OF}/batch-" in said


@pytest.mark.parametrize("change", [edit_decisions, delete_batch, add_batch])
def test_a_changed_batch_is_investigated_and_not_judged(
    scored: Project, change: Callable[[Project], None]
) -> None:
    change(scored)
    facts = scored.run("monitor", "--as-of", AS_OF).facts
    assert facts["decision"] == "investigate"
    assert any(f"date={AS_OF}/batch-" in reason for reason in facts["reasons"])


def test_labels_of_a_changed_batch_judge_nothing(due: Project) -> None:
    edit_decisions(due)
    facts = due.run("monitor", "--as-of", "2026-04-01").facts
    assert facts["decision"] == "investigate"
    assert "has changed since it was published" in " ".join(facts["reasons"])


def test_the_entry_of_a_batch_holds_the_hash_of_its_file(scored: Project) -> None:
    entry = scored.call(behind.entries)[-1]
    assert entry["details"]["sha256"] == hashlib.sha256(part(scored).read_bytes()).hexdigest()

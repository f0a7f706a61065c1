"""A tracking server in memory, and two clients whose requests reach it in a given order."""

import itertools
import json
import threading
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

NAME = "dev.loan-risk"


class Server:
    """What MLflow stores of one model and one experiment. It has no compare-and-set."""

    def __init__(self) -> None:
        self.runs: dict[str, Any] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, str] = {"mlops_aliases_moved": "0"}
        self.aliases: dict[str, str] = {}
        self.versions = [1, 2, 3]
        self.now = 1_000_000

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of all runs that are not deleted."""
        found = [
            self.files[run]["entry.json"] for run in self.runs if "entry.json" in self.files[run]
        ]
        return sorted(found, key=lambda entry: entry["number"])


class Turns:
    """Let one of several threads run at a time, in the order of a schedule."""

    def __init__(self, schedule: Iterable[int], threads: int) -> None:
        self._schedule = itertools.chain(schedule, itertools.cycle(range(threads)))
        self._waiting = [threading.Semaphore(0) for _ in range(threads)]
        self._alive = set(range(threads))

    def start(self) -> None:
        """Give the first turn."""
        self._next()

    def wait(self, who: int) -> None:
        """Give the turn to the next thread, and wait for the own one."""
        self._next()
        self._waiting[who].acquire()

    def begin(self, who: int) -> None:
        """Wait for the first own turn."""
        self._waiting[who].acquire()

    def end(self, who: int) -> None:
        """Take part no longer."""
        self._alive.discard(who)
        self._next()

    def _next(self) -> None:
        if not self._alive:
            return
        chosen = next(self._schedule)
        self._waiting[chosen if chosen in self._alive else min(self._alive)].release()


class Client:
    """MLflow's client, as far as registry and journal use it; each request waits for its turn."""

    def __init__(self, server: Server, turn: Callable[[], None]) -> None:
        self._server = server
        self._turn = turn

    def get_experiment_by_name(self, name: str) -> Any:
        """Return the experiment."""
        return types.SimpleNamespace(experiment_id=name)

    def get_registered_model(self, _: str) -> Any:
        """Return tags and aliases."""
        self._turn()
        return types.SimpleNamespace(
            tags=dict(self._server.tags), aliases=dict(self._server.aliases)
        )

    def set_registered_model_tag(self, _: str, key: str, value: str) -> None:
        """Set a tag."""
        self._turn()
        self._server.tags[key] = value

    def set_registered_model_alias(self, _: str, alias: str, number: str) -> None:
        """Move an alias."""
        self._turn()
        self._server.aliases[alias] = number

    def delete_registered_model_alias(self, _: str, alias: str) -> None:
        """Delete an alias."""
        self._turn()
        self._server.aliases.pop(alias, None)

    def search_model_versions(self, _: str) -> list[Any]:
        """Return the versions of the model."""
        return [types.SimpleNamespace(version=str(number)) for number in self._server.versions]

    def create_run(self, _: str, run_name: str, tags: object = None) -> Any:
        """Create a run."""
        self._turn()
        server = self._server
        server.now += 1
        run = f"run{server.now}"
        info = types.SimpleNamespace(
            run_id=run,
            run_name=run_name,
            status="RUNNING",
            start_time=server.now,
            artifact_uri=f"memory:{run}",
        )
        server.runs[run] = types.SimpleNamespace(info=info)
        server.files[run] = {}
        return server.runs[run]

    def log_text(self, run: str, text: str, name: str) -> None:
        """Write a file."""
        self._turn()
        self._server.files[run][name] = json.loads(text)

    def search_runs(self, _: list[str], filter_string: str = "", max_results: int = 0) -> list[Any]:
        """Return the runs that are not deleted and whose name begins so."""
        if max_results:  # whether there are any: no order of the writers changes that
            return list(self._server.runs.values())[:max_results]
        self._turn()
        start = filter_string.split("'")[1].removesuffix("%")
        return [run for run in self._server.runs.values() if run.info.run_name.startswith(start)]

    def delete_run(self, run: str) -> None:
        """Delete a run."""
        self._turn()
        self._server.runs.pop(run, None)

    def set_terminated(self, run: str) -> None:
        """End a run."""
        self._turn()
        self._server.runs[run].info.status = "FINISHED"


def run_interleaved(
    schedule: Iterable[int], server: Server, works: Sequence[Callable[[Client], Any]]
) -> list[Any]:
    """Run functions at once, whose requests come in the order of the schedule; return results.

    A result is what the function returns, or the error that it raises.
    """
    turns = Turns(schedule, len(works))
    results: list[Any] = [None] * len(works)

    def run(who: int) -> None:
        turns.begin(who)
        try:
            results[who] = works[who](Client(server, lambda: turns.wait(who)))
        except Exception as error:  # noqa: BLE001 - it is the result
            results[who] = error
        turns.end(who)

    threads = [threading.Thread(target=run, args=(who,)) for who in range(len(works))]
    for thread in threads:
        thread.start()
    turns.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return results


def every_order(steps: int) -> Iterator[tuple[int, ...]]:
    """Yield each order in which two threads can take this many steps each."""
    for chosen in itertools.combinations(range(2 * steps), steps):
        picked = set(chosen)
        yield tuple(0 if step in picked else 1 for step in range(2 * steps))

"""Vendors' programs for tests: small clients on PATH, behind which one server keeps what they know.

A word that a program does not know ends it with 2, and so does what the vendor would refuse.
"""

import argparse
import contextlib
import copy
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import jq as jqlang
from programs import write_program

State = dict[str, Any]
Program = Callable[[State, list[str], str], str]  # what is known, the words, and what is piped in

CLIENT = """\
#!/bin/bash
input=""
if [ {program} = jq ] || [[ " $* " = *" - "* ]]; then input=$(cat); fi
exec 3<>"/dev/tcp/127.0.0.1/{port}" # only now: the server hears one after the other
printf '%s\\0' {program} "$#" "$@" "$input" >&3
read -r code <&3
if [ "$code" = 0 ]; then cat <&3; else cat <&3 >&2; fi
exit "$code"
"""


class Refused(Exception):
    """What a program or its vendor refuses."""


class Parser(argparse.ArgumentParser):
    """Knows options by their whole names, and ends nothing."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, allow_abbrev=False, add_help=False)

    def error(self, message: str) -> NoReturn:
        raise Refused(message)


@dataclass
class Vendors:
    """What each program's vendor knows, and each call of a program."""

    programs: dict[str, Program]
    states: dict[str, State] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    changes: list[list[str]] = field(default_factory=list)

    def call(self, program: str, words: list[str], piped: str) -> tuple[int, str]:
        """Return the exit code of a call, and what it prints."""
        before = self.states.setdefault(program, {})
        state = copy.deepcopy(before)
        self.calls.append([program, *words])
        try:
            told = self.programs[program](state, words, piped)
        except (Refused, AssertionError, LookupError, ValueError) as error:
            return 2, f"{program} {' '.join(words)}: {error!r}\n"
        if state != before:
            self.states[program] = state
            self.changes.append([program, *words])
        return 0, told


@contextlib.contextmanager
def on_path(folder: Path, programs: dict[str, Program]) -> Iterator[Vendors]:
    """Put clients of these programs into a folder, and answer them."""
    vendors = Vendors(programs)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            program, count = self.word(), int(self.word())
            words = [self.word() for _ in range(count)]
            code, told = vendors.call(program, words, self.word())
            self.wfile.write(f"{code}\n{told}".encode())

        def word(self) -> str:
            read = iter(lambda: self.rfile.read(1), b"\0")
            return b"".join(read).decode()

    folder.mkdir()
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        for name in programs:
            port = server.server_address[1]
            write_program(folder / name, CLIENT.format(port=port, program=name))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield vendors
        server.shutdown()


def same(found: Any, wanted: Any) -> None:
    """Refuse what is not as the vendor documents it."""
    if found != wanted:
        raise Refused(f"{json.dumps(found, default=str)} is not {json.dumps(wanted, default=str)}")


def jq(_: State, words: list[str], piped: str) -> str:
    """Do as jq does, which a person has beside a program that filters nothing itself."""
    parser = Parser("jq")
    parser.add_argument("--raw-output", action="store_true", required=True)
    parser.add_argument("filter")
    return filtered(parser.parse_args(words).filter, json.loads(piped))


def filtered(expression: str, found: Any) -> str:
    """Return what a filter of jq finds, without quotes."""
    results = jqlang.compile(expression).input_value(found).all()
    lines = [each if isinstance(each, str) else json.dumps(each) for each in results]
    return "".join(f"{line}\n" for line in lines)

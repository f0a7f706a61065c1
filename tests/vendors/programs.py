"""Fake vendor programs: small clients on PATH, and one server that keeps their state.

An unknown argument, or a request that the vendor would refuse, gives exit code 2.
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
Program = Callable[[State, list[str], str], str]  # the state, the arguments and the standard input

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
    """A refusal by a program or its vendor."""


class Parser(argparse.ArgumentParser):
    """A parser that requires full option names and does not exit."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, allow_abbrev=False, add_help=False)

    def error(self, message: str) -> NoReturn:
        raise Refused(message)


@dataclass
class Vendors:
    """The state of each program's vendor, and the calls of each program."""

    programs: dict[str, Program]
    states: dict[str, State] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    changes: list[list[str]] = field(default_factory=list)

    def call(self, program: str, words: list[str], piped: str) -> tuple[int, str]:
        """Return the exit code and the output of a call."""
        before = self.states.setdefault(program, {})
        state = copy.deepcopy(before)
        self.calls.append([program, *words])
        try:
            output = self.programs[program](state, words, piped)
        except (Refused, AssertionError, LookupError, ValueError) as error:
            return 2, f"{program} {' '.join(words)}: {error!r}\n"
        if state != before:
            self.states[program] = state
            self.changes.append([program, *words])
        return 0, output


@contextlib.contextmanager
def on_path(folder: Path, programs: dict[str, Program]) -> Iterator[Vendors]:
    """Write clients of these programs into a folder, and serve them."""
    vendors = Vendors(programs)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            program = self.word()
            count = int(self.word())
            words = [self.word() for _ in range(count)]
            code, output = vendors.call(program, words, self.word())
            self.wfile.write(f"{code}\n{output}".encode())

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
    """Refuse a request that the vendor does not document."""
    if found != wanted:
        raise Refused(f"{json.dumps(found, default=str)} is not {json.dumps(wanted, default=str)}")


def jq(_: State, words: list[str], piped: str) -> str:
    """Run a filter of jq, for programs that have no filter option."""
    parser = Parser("jq")
    parser.add_argument("--raw-output", action="store_true", required=True)
    parser.add_argument("filter")
    return filtered(parser.parse_args(words).filter, json.loads(piped))


def filtered(expression: str, found: Any) -> str:
    """Return the result of a jq filter, without quotes."""
    results = jqlang.compile(expression).input_value(found).all()
    lines = [each if isinstance(each, str) else json.dumps(each) for each in results]
    return "".join(f"{line}\n" for line in lines)

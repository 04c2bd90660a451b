"""Schemathesis makes requests of the service's own description, and looks at the answers.

Positive and negative cases of POST /v1/predict and of all other paths. Nothing may be answered with
a 5xx but the documented 503, with a status or a content type that is not described, or with a body
that breaks its schema.
"""

import os
import re
import subprocess

from bench.places import ROOM, ROOT, environment_python
from bench.results import Answer, Row, at_most
from bench.served import PORT, SHORT, linear_run
from bench.services import ours

CASES = 500  # made at least; set by --cases; the issue asks for 20,000
ROUND = 2000  # of each operation with one seed
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_schema_conformance", "unsupported_method")  # fmt: skip
LOG = ROOM / "schemathesis.log"


def ask(runs: int) -> Answer:
    del runs  # there is nothing to time
    run, made, found, seed = linear_run(SHORT), 0, 0, 0
    LOG.unlink(missing_ok=True)
    with ours("fuzz", PORT, f"model={run}", "--max-characters", "10000") as service:
        alive = True
        while made < CASES and alive:
            cases, violations = tried(service.address, min(CASES, ROUND), seed)
            alive = service.process.poll() is None
            made, found, seed = made + cases, found + violations, seed + 1
    row: Row = {"cases": made, "seeds": seed, "violations": found, "log": LOG.name}
    return Answer([row], [at_most("violations", found + (not alive), 0, "")])


def tried(address: str, examples: int, seed: int) -> tuple[int, int]:
    """Cases that one seed makes, `examples` of each operation, and violations among them.

    Without a database of cases Hypothesis leaves out what took nearly all of its time: to shrink
    those that it would keep in it. What no seed changes, examples and limits, is tried with the
    first.
    """
    program = environment_python("schemathesis").with_name("schemathesis")
    command = [str(program), "run", address + "/openapi.json", "--max-examples", str(examples),
               "--checks", ",".join(CHECKS), "--seed", str(seed), "--generation-database", "none",
               "--phases", "fuzzing" if seed else "examples,coverage,fuzzing"]  # fmt: skip
    hooks = os.environ | {"SCHEMATHESIS_HOOKS": "bench.peers.schemathesis_lines",
                          "PYTHONPATH": str(ROOT)}  # fmt: skip
    done = subprocess.run(command, cwd=ROOM, capture_output=True, text=True, env=hooks)
    with LOG.open("a") as log:
        log.write(done.stdout + done.stderr)
    cases = number_before("generated", done.stdout)
    if not cases:
        raise RuntimeError(f"schemathesis failed, see {LOG}:\n{done.stdout[-1500:]}")
    told = [number_before(word, done.stdout) or 0 for word in ("found", "errored")]
    return cases, sum(told) + (done.returncode > 1)


def number_before(word: str, text: str) -> int | None:
    """The number that stands before a word, if it stands there."""
    match = re.search(rf"([\d,]+) {word}", text)
    return None if match is None else int(match[1].replace(",", ""))

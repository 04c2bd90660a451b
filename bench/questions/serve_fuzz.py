"""Schemathesis makes requests of the service's own description, and looks at the answers.

Positive and negative cases of POST /v1/predict and of all other paths. Nothing may be answered with
a 5xx but the documented 503, with a status or a content type that is not described, or with a body
that breaks its schema.
"""

import os
import re
import subprocess

from bench.places import ROOM, ROOT, environment_python
from bench.results import Answer, Goal, Row, at_most
from bench.served import PORT, SHORT, linear_run
from bench.services import ours

CASES = 500  # of each operation; set by --cases; the issue asks for 20,000
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_schema_conformance", "unsupported_method")  # fmt: skip


def ask(runs: int) -> Answer:
    run = linear_run(SHORT)
    program = environment_python("schemathesis").with_name("schemathesis")
    log = ROOM / "schemathesis.log"
    with ours("fuzz", PORT, f"model={run}", "--max-characters", "10000") as service:
        command = [str(program), "run", service.address + "/openapi.json", "--max-examples",
                   str(CASES), "--checks", ",".join(CHECKS), "--seed", "0"]  # fmt: skip
        hooks = os.environ | {"SCHEMATHESIS_HOOKS": "bench.peers.schemathesis_lines",
                              "PYTHONPATH": str(ROOT)}  # fmt: skip
        done = subprocess.run(command, cwd=ROOM, capture_output=True, text=True, env=hooks)
        alive = service.process.poll() is None
    log.write_text(done.stdout + done.stderr)
    cases = re.search(r"([\d,]+) generated", done.stdout)
    failures = re.search(r"([\d,]+) found", done.stdout)
    if cases is None:
        raise RuntimeError(f"schemathesis failed, see {log}:\n{done.stdout[-1500:]}")
    errors = re.search(r"([\d,]+) errored", done.stdout)
    found = sum(int(one[1].replace(",", "")) for one in (failures, errors) if one is not None)
    row: Row = {"cases": int(cases[1].replace(",", "")), "violations": found, "log": log.name}
    goals: list[Goal] = [
        at_most("violations", found + (not alive) + (done.returncode > 1), 0, ""),
    ]
    return Answer([row], goals)

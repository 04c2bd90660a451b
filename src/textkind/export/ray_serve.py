"""A folder for Ray Serve: the model, and a configuration in which it answers as the service does.

serve.yaml      what `serve run` and `serve deploy` take; the owner's to change
model/          the model folder, with the checksums and golden rows that it has
metrics.json    of its run, for the figures that the service tells

The configuration names scale/replica.py, which the nodes have with textkind.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textkind.classifier import Classifier
from textkind.export.golden import LOADED, Answers, answers_of
from textkind.export.settings import ExportSettings
from textkind.export.targets import Subject, Written
from textkind.progress import Talk
from textkind.storage.documents import document_bytes
from textkind.storage.folder_bytes import folder_bytes, write_folder_bytes
from textkind.storage.model_folder import Provenance, load_model, write_model_files
from textkind.storage.place import write_bytes
from textkind.storage.run_folder import METRICS, MODEL

SERVE = "serve.yaml"
APPLICATION = "textkind.scale.replica:application"
CONFIGURATION = """\
# Answers as `textkind serve` does, on every node that Ray Serve has a proxy on: docs/serve.md,
# "On Ray Serve". On a node of the cluster:  serve run {file}
proxy_location: EveryNode
http_options:
  host: 127.0.0.1  # what others reach needs keys; Serve must be started anew where this changes
  port: 8000
applications:
  - name: {name}
    route_prefix: /
    import_path: {application}
    args:
      models:  # NAME=FOLDER, which every node has; the first answers where a request names none
        - {model}
      # api_key_file: /path/on/every/node  # or TEXTKIND_API_KEY where the nodes are started
      # allow_host: [texts.example.org]
      # limits: {{texts: 1000}}  # by the names of GET /v1/models
    deployments:
      - name: Replica
        max_ongoing_requests: 512  # above limits.queue: what is too much is refused by the service
        autoscaling_config:
          min_replicas: 1
          max_replicas: 4
          target_ongoing_requests: 32  # that a replica has at a time; they are read in batches
        ray_actor_options:
          num_cpus: {cpus}  # of a replica: threads of its worker
"""


def check(subject: Subject, settings: ExportSettings) -> None:
    """Every model can be served."""


def write(subject: Subject, place: Path, settings: ExportSettings, talk: Talk) -> Written:
    """Write model and configuration; the files of a model folder go as they are."""
    if subject.folder is None:
        rows = subject.classifier.model.facts.get("texts", 0)
        (place / MODEL).mkdir()
        write_model_files(subject.classifier, place / MODEL, Provenance("Python", rows, 0))
    else:
        write_folder_bytes(folder_bytes(subject.folder), place / MODEL)
    files = []
    if subject.metrics is not None:
        write_bytes(place / METRICS, document_bytes(subject.metrics))
        files.append(METRICS)
    told = configuration(subject.home, 1 if settings.threads is None else settings.threads)
    write_bytes(place / SERVE, told.encode())
    return Written(tuple(files), {"kind": subject.classifier.model.name}, LOADED)


def configuration(home: Path, cpus: int) -> str:
    """serve.yaml of a folder that will lie there; what JSON writes of a string YAML reads."""
    # what a model of the service may be called
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", home.name).strip("._-")[:64] or MODEL
    return CONFIGURATION.format(
        name=json.dumps(name),
        model=json.dumps(f"{name}={home / MODEL}", ensure_ascii=False),
        file=json.dumps(str(home / SERVE), ensure_ascii=False),
        application=APPLICATION,
        cpus=cpus,
    )


class ServedFolder:
    """The model of a folder; it answers here as its replicas would."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.labels: tuple[str, ...] = classifier.labels.names

    def answers(self, texts: Sequence[str], threads: int | None = None) -> Answers:
        """What it says of texts."""
        return answers_of(self._classifier, texts, threads)


def load(place: Path, card: dict[str, Any]) -> ServedFolder:
    """The model, verified as any model folder; serve.yaml is read by Serve."""
    return ServedFolder(load_model(place / MODEL))

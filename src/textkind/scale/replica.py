"""The service on Ray Serve: a replica is the whole service of one process, behind Serve's proxies.

    application(args)        what serve.yaml names (export/ray_serve.py)

Routes, fields, limits, errors and batches are those of serve/, by the same code. Serve's proxies
hold the connections, start and end replicas, and choose one for each request.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from textkind.errors import SettingsError, did_you_mean
from textkind.optional import need
from textkind.serve.access import api_keys, check_open, host_names
from textkind.serve.service import Service
from textkind.serve.settings import Limits, ServeSettings, named_model

NAME = "Replica"  # in serve.yaml


@dataclass(frozen=True)
class ReplicaSettings:
    """What serve.yaml says of the service; as the options of `textkind serve`.

    models  NAME=FOLDER, or a FOLDER, each a path that every node with a replica has
    """

    models: list[str]
    api_key_file: str | None = None
    no_auth: bool = False
    allow_host: list[str] = field(default_factory=list)
    precision: str | None = None
    drift_window: int = ServeSettings.drift_window
    limits: dict[str, Any] = field(default_factory=dict)


def application(args: dict[str, Any]) -> Any:
    """The application of Serve; SettingsError where the args are none of ReplicaSettings."""
    serve = need("ray.serve", "Ray Serve", "ray-serve")
    settings = replica_settings(args)
    return serve.deployment(name=NAME)(serve.ingress()(Replica)).bind(settings)


def replica_settings(args: dict[str, Any]) -> ReplicaSettings:
    """The settings in the args of serve.yaml, with all that can be checked without a model."""
    _check_names(args, ReplicaSettings, "args")
    models = args.get("models")
    if not isinstance(models, list) or not all(isinstance(one, str) for one in models):
        raise SettingsError(
            "args must have a list of models", found=models,
            where="serve.yaml", hint="models: [reviews=/path/of/the/folder/model]",
        )  # fmt: skip
    settings = ReplicaSettings(**args)
    _check_names(settings.limits, Limits, "limits")
    service_settings(settings, "127.0.0.1", 1)
    return settings


def _check_names(given: object, kind: type, what: str) -> None:
    known = [one.name for one in fields(kind)]
    if not isinstance(given, dict):
        raise SettingsError(f"{what} must be a mapping", found=given, where="serve.yaml")
    for name in given:
        if name not in known:
            raise SettingsError(
                f"{what} knows no such name", found=name, where="serve.yaml",
                hint=did_you_mean(str(name), known),
            )  # fmt: skip


def service_settings(settings: ReplicaSettings, host: str, threads: int) -> ServeSettings:
    """Of the service in a replica of so many CPUs, behind proxies that listen on `host`.

    SettingsError where others reach them and no key is asked for. Models are not watched: all
    replicas change together when Serve is given the configuration anew.
    """
    file = settings.api_key_file
    keys = api_keys(None if file is None else Path(file))
    check_open(host, keys, settings.no_auth)
    return ServeSettings(
        models=tuple(map(named_model, settings.models)),
        host=host,
        api_keys=keys,
        host_names=host_names(host, tuple(settings.allow_host)),
        workers=1,
        threads=threads,
        precision=settings.precision,
        watch=0,
        drift_window=settings.drift_window,
        limits=Limits(**settings.limits),
    )


class Replica:
    """Starts the service and hands it to Serve, which calls it as any server of ASGI would."""

    def __init__(self, settings: ReplicaSettings) -> None:
        """Look where the proxies of this cluster listen, and how many CPUs there are here."""
        ray = need("ray")
        cpus = ray.get_runtime_context().get_assigned_resources().get("CPU", 1.0)
        self.service = Service(service_settings(settings, _proxy_host(), max(1, int(cpus))))

    def __serve_build_asgi_app__(self) -> Service:
        """What Serve calls; it begins with the messages of lifespan."""
        return self.service

    def check_health(self) -> None:
        """Called by Serve again and again: a replica that has given up is replaced."""
        for place in self.service.models.places.values():
            if place.pool.is_given_up:
                raise RuntimeError(f"{place.name}: {place.pool.trouble}")


def _proxy_host() -> str:
    """Where Serve's proxies listen, whatever serve.yaml asks for: the first to start Serve says."""
    context = need("ray.serve.context")
    return str(context._get_global_client().http_config.host)

"""The service as a process: the event loop, its signals, and the end.

serve(settings, talk)       until SIGTERM or SIGINT
"""

import asyncio
import contextlib
import errno
import gc
import logging
import resource
import signal
import socket
import ssl
from collections.abc import Iterator

from textkind.errors import SettingsError
from textkind.optional import need
from textkind.progress import SILENT, Talk
from textkind.serve.listening import Listening
from textkind.serve.service import Service
from textkind.serve.settings import ServeSettings

SPARE = 64  # descriptors beside those of connections


def serve(settings: ServeSettings, talk: Talk = SILENT) -> None:
    """Answer until SIGTERM or SIGINT; SIGHUP loads all models anew.

    ModelFolderError where a model cannot be loaded, SettingsError where the address or the
    certificate cannot be used, MissingPackageError without the extra.
    """
    need("uvicorn", "serving", "serve")
    need("httptools", "serving", "serve")
    uvloop = need("uvloop", "serving", "serve")
    enough = _allow_descriptors(settings.limits.connections + SPARE)
    if enough < settings.limits.connections + SPARE:
        talk.note(
            f"this process may open {enough:,} files, so fewer than the "
            f"{settings.limits.connections:,} connections that the limits allow"
        )
    tls = _tls_context(settings)
    with (
        contextlib.closing(_listen(settings)) as listener,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(settings, listener, tls, talk))


async def _serve(
    settings: ServeSettings, listener: socket.socket, tls: ssl.SSLContext | None, talk: Talk
) -> None:
    import uvicorn

    from textkind.serve.connections import connection_class

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            def protocol() -> asyncio.Protocol:
                return config.http_protocol_class(config, self.server_state, {})  # type: ignore[call-arg]

            wait = settings.limits.client_timeout
            self.servers = [Listening(listener, protocol, tls, wait)]  # type: ignore[list-item]
            self.started = True
            tell_ready()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # they are ours

    def tell_ready() -> None:
        address = address_of(listener, tls is not None)
        for facts in service.models.facts():
            talk.note(f"{facts['name']}: {facts['kind']}, version {facts['version']}")
        talk.note(f"serving at {address}")
        service.log.event("ready", address=address)

    service = Service(settings)
    config = uvicorn.Config(
        service,
        http=connection_class(settings.limits, service.metrics),
        ws="none",
        lifespan="off",
        loop="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=settings.limits.keep_alive,  # type: ignore[arg-type]
        timeout_graceful_shutdown=settings.grace,  # type: ignore[arg-type]
    )
    config.load()
    server = Server(config)
    service.metrics.gauges.append(
        lambda: [("textkind_connections", {}, len(server.server_state.connections))]
    )
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.force_exit = service.is_ending  # asked twice: at once
        service.is_ending = server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    with _uvicorn_log(service):
        loading = asyncio.ensure_future(service.start())
        loop.add_signal_handler(signal.SIGHUP, service.models.reload_all)
        while not loading.done() and not server.should_exit:
            await asyncio.wait([loading], timeout=0.1)
        if server.should_exit:
            loading.cancel()
            await asyncio.wait([loading])
            return
        await loading
        gc.collect()
        gc.freeze()  # what is there stays: to look through it again holds up all requests
        try:
            await server.serve(sockets=[listener])
        finally:
            gc.unfreeze()
            service.log.event("ended")
            service.close()


def address_of(listener: socket.socket, tls: bool) -> str:
    """As a client would write it."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _listen(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        listener.close()
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        raise SettingsError(
            "the address cannot be listened on",
            found=f"{settings.host}:{settings.port}",
            hint="another process listens there: choose another --port"
            if taken
            else getattr(error, "strerror", None) or str(error),
        ) from None
    return listener


def _tls_context(settings: ServeSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except OSError as error:  # SSLError is one
        raise SettingsError(
            "the certificate and its key cannot be used",
            found=error.strerror or str(error),
            where=str(settings.tls_certificate),
        ) from None
    return context


def _allow_descriptors(wanted: int) -> int:
    """Raise the soft limit of open files where the hard one allows; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return max(soft, wanted)


@contextlib.contextmanager
def _uvicorn_log(service: Service) -> Iterator[None]:
    """What uvicorn has to say of faults goes into the log as well; never with a traceback."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            service.log.event("server", message=record.getMessage().strip())

    handler, logger = Handler(logging.ERROR), logging.getLogger("uvicorn.error")
    before = logger.propagate, logger.level
    logger.propagate = False
    logger.setLevel(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before[0]
        logger.setLevel(before[1])

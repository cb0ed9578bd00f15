"""How Jupyter's client starts a kernel here: by asking the server for a fork, or as anywhere where there is none."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from exresearch.run.warm.servers import warm_server

_LAUNCHER = "ipykernel_launcher"
_SECONDS = 30.0


class ForkedKernel:
    """A forked kernel, in the form of :class:`subprocess.Popen` that the client knows.

    Parameters
    ----------
    line : socket.socket
        The connection to the server on which the kernel was asked for.
    pid : int
        Of the kernel, which leads a process group of its own.
    """

    stdin = stdout = stderr = None

    def __init__(self, line: socket.socket, pid: int) -> None:
        self._line = line
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel runs; a kernel whose server has died is dead."""
        if self.returncode is None:
            try:
                said = self._line.recv(4096)
            except BlockingIOError:
                return None
            except OSError:
                said = b""
            self.returncode = json.loads(said)["code"] if said.strip() else -signal.SIGKILL
            self._line.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises
        ------
        subprocess.TimeoutExpired
            If it does not come in time.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class WarmProvisioner(LocalProvisioner):
    """A provisioner that forks, registered as ``exresearch-warm``."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Launch a kernel: forked where there is a server and the command is the usual one."""
        address = warm_server() if _LAUNCHER in cmd else None
        if address is None:
            return await super().launch_kernel(cmd, **kwargs)
        try:
            arguments = cmd[cmd.index(_LAUNCHER) + 1 :]
            kernel = fork(
                address,
                arguments=arguments,
                environment=kwargs.get("env") or os.environ,
                folder=kwargs.get("cwd") or Path.cwd(),
            )
        except (OSError, ValueError, KeyError):
            # The server is gone or refuses: the kernel starts as it would without one.
            return await super().launch_kernel(cmd, **kwargs)
        # What the client does with a process, this can do as well.
        self.process = kernel  # type: ignore[assignment]
        self.pid = self.pgid = kernel.pid
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info


def fork(
    address: Path, *, arguments: Sequence[str], environment: Mapping[str, str], folder: str | Path
) -> ForkedKernel:
    """Ask the server for a kernel.

    Parameters
    ----------
    address : pathlib.Path
        The server's socket.
    arguments : sequence of str
        Of the kernel, its connection file among them.
    environment : mapping
        Of the kernel; nothing of the server's own is added.
    folder : str or pathlib.Path
        In which it works.

    Returns
    -------
    ForkedKernel

    Raises
    ------
    OSError
        If the server does not answer.
    ValueError
        If it hangs up.
    """
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(_SECONDS)
        line.connect(str(address))
        request = {"arguments": list(arguments), "environment": dict(environment), "folder": str(folder)}
        line.sendall(json.dumps(request).encode() + b"\n")
        said = b""
        while not said.endswith(b"\n"):
            part = line.recv(4096)
            if not part:
                raise ValueError("the server of warm kernels hung up.")
            said += part
        first, _, rest = said.partition(b"\n")
        kernel = ForkedKernel(line, int(json.loads(first)["pid"]))
    except (OSError, ValueError, KeyError):
        with suppress(OSError):
            line.close()
        raise
    line.setblocking(False)
    if rest.strip():
        # It ended before we were told that it had begun.
        kernel.returncode = json.loads(rest)["code"]
    return kernel

"""Kernel managers that papermill's client takes: each kernel on sockets of its own, forked or started."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from exresearch.run.limits import Limits, Watch
from exresearch.run.warm.places import socket_folder

PROVISIONER = "exresearch-warm"
# Of 1000: where memory ends, the system takes a kernel, not the process that all clients' kernels are forked from.
_EXPENDABLE = "500"


class OwnKernelManager(AsyncKernelManager):
    """A kernel of the Python that runs this, whatever a user's Jupyter says kernels are, and held to its limits.

    Attributes
    ----------
    environment : dict of str to str
        Of the kernel.
    folder : pathlib.Path
        In which the kernel works. Told here, because papermill would make it the folder of this whole process, and of
        every thread in it.
    watch : Watch
        Holds it to its limits.
    """

    environment: ClassVar[dict[str, str]] = {}
    folder: ClassVar[Path] = Path()
    watch: ClassVar[Watch] = Watch(Limits(0, 0))

    @property
    def kernel_spec(self) -> KernelSpec:
        """What is started."""
        if self._kernel_spec is None:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            self._kernel_spec = KernelSpec(argv=command, display_name="Python 3", language="python")
        return self._kernel_spec

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        return await super()._async_pre_start_kernel(
            **kw | {"env": dict(self.environment), "cwd": str(self.folder)}
        )

    pre_start_kernel = _async_pre_start_kernel

    async def _async_post_start_kernel(self, **kw: Any) -> None:
        await super()._async_post_start_kernel(**kw)
        pid = getattr(self.provisioner, "pid", None)
        if pid:
            self.watch.begin(pid)
            _contain(pid)

    post_start_kernel = _async_post_start_kernel

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        self.watch.end()

    cleanup_resources = _async_cleanup_resources


class SocketKernelManager(OwnKernelManager):
    """A kernel that is spoken to over Unix sockets in a folder of its own.

    Free network ports are found by trying, and two kernels that start at once may find the same one; and every user of
    the computer can listen to them. They are used where no folder for sockets can be had.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._folder, short = socket_folder()
        if short:
            self.transport, self.ip = "ipc", str(self._folder / "k")

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        """Remove the sockets with their folder."""
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources


class WarmKernelManager(SocketKernelManager):
    """The same, forked from the server of warm kernels where there is one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        spec = self.kernel_spec
        if spec is not None:
            factory = KernelProvisionerFactory.instance(parent=self.parent)
            spec.metadata["kernel_provisioner"] = {"provisioner_name": PROVISIONER, "config": {}}
            if not factory.is_provisioner_available(spec):
                # Not installed anew since this was added: kernels start as anywhere.
                del spec.metadata["kernel_provisioner"]


def _contain(pid: int) -> None:
    """Keep what a kernel holds out of files of a crash, and have it ended before others where memory is not enough."""
    if sys.platform != "linux":
        return
    import resource

    with suppress(OSError):
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(_EXPENDABLE, encoding="ascii")

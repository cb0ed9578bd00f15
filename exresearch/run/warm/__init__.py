"""Kernels forked from a process that has already imported what notebooks import, where the system allows that."""

from exresearch.run.warm.manager import OwnKernelManager, SocketKernelManager, WarmKernelManager
from exresearch.run.warm.servers import adopt_server, begin_server, server_address, stop_server, warm_server

__all__ = [
    "OwnKernelManager",
    "SocketKernelManager",
    "WarmKernelManager",
    "adopt_server",
    "begin_server",
    "server_address",
    "stop_server",
    "warm_server",
]

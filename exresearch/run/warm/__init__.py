"""Kernels forked from a process that has already imported what notebooks import, where the system allows that."""

from exresearch.run.warm.manager import OwnKernelManager, SocketKernelManager, WarmKernelManager
from exresearch.run.warm.servers import begin_server, stop_server, warm_server

__all__ = ["OwnKernelManager", "SocketKernelManager", "WarmKernelManager", "begin_server", "stop_server", "warm_server"]

"""Tell systemd how the process does: sd_notify(3), for units of `Type=notify`."""

import logging
import os
import socket

READY, STOPPING = "READY=1", "STOPPING=1"

logger = logging.getLogger(__name__)


def tell_systemd(state: str) -> None:
    """Say *state*; nothing where no systemd waits for it."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    address = f"\0{path[1:]}" if path.startswith("@") else path  # of Linux, in no folder
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(state.encode(), address)
    except OSError as error:
        logger.warning("systemd could not be told %s: %s", state, error)

import logging

from quartapp.database import classify

logger = logging.getLogger(__name__)


def report_trouble(error: Exception, what: str) -> None:
    """Say what a loop could not do, with a traceback where the error is not a known one."""
    known = classify(error)
    logger.warning("%s: %s", what, known or "see below", exc_info=None if known else error)

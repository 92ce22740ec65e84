"""The errors a user can cause. The shell prints their message and exits with 2; anything else is our bug."""


class ClosedbookError(Exception):
    """The base of every error whose message tells a user what was given, why it fails and what to type instead.

    What happened and what to do may be given apart, where somebody else has other advice to give.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(f"{what}; {advice}" if advice else what)
        self.what = what


class DataError(ClosedbookError):
    """A file of documents or questions that cannot be used; names the file, the line and the reason."""


class RecipeError(ClosedbookError):
    """A recipe, or an override of one, that describes no run."""


class DivergedError(RecipeError):
    """A training whose loss is no number any more; the recipe's rate is too high."""


class RunError(ClosedbookError):
    """A run folder that is missing, taken, damaged or of an unknown format."""


class LostProcessError(RunError):
    """Another process of the same training has ended without a word; every one that is left says so."""


class WorkerError(RunError):
    """A worker process, here or on another machine, that has failed or is lost; what others have done is kept."""


class ClaimError(ClosedbookError):
    """An attention claim asked for with parameters outside its limits."""


class Terminated(KeyboardInterrupt):
    """Told to end as by Ctrl-C, but by SIGTERM (schedulers, containers) or SIGHUP (a terminal that closed)."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def terminate(number: int, frame: object = None) -> None:
    """A signal's handler. Raises Terminated."""
    raise Terminated(number)


def exit_code(stop: KeyboardInterrupt) -> int:
    """128 and the signal's number, as shells have it: 130 for Ctrl-C."""
    return 128 + (stop.number if isinstance(stop, Terminated) else 2)

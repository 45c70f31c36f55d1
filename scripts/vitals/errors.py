"""The exceptions that reach the user: what went wrong, and the way out."""


class VitalsError(Exception):
    """A failure that the user can act on.

    Args:
        message: what failed, naming the file and line where there is one.
        remedy: what to do about it, as a sentence in the imperative.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class PostgresError(VitalsError):
    """The database that is published to, or the way to it, failed; it holds what it held before."""

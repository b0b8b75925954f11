"""What an error of the user's code says; asking it may be what fails."""


def words_of(error: BaseException) -> str:
    """Its text, or that it has none to give."""
    try:
        return str(error)
    except Exception as failed:
        return f"(its text cannot be had: its own __str__ raises {type(failed).__name__})"

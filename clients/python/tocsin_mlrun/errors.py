"""What goes wrong, by MLRun's names."""


class MLRunBaseError(Exception):
    """Any failure."""


class MLRunInvalidArgumentError(MLRunBaseError, ValueError):
    """Something that was given is not valid (400)."""


class MLRunUnauthorizedError(MLRunBaseError):
    """The token is missing or unknown (401)."""


class MLRunAccessDeniedError(MLRunBaseError):
    """The token may not do this (403)."""


class MLRunNotFoundError(MLRunBaseError):
    """There is no such thing (404)."""


class MLRunConflictError(MLRunBaseError):
    """It is in use, or was changed meanwhile (409)."""


class MLRunHTTPError(MLRunBaseError):
    """Any other answer that is a failure."""


class MLRunRuntimeError(MLRunBaseError, RuntimeError):
    """Tocsin cannot be reached."""


BY_STATUS = {
    400: MLRunInvalidArgumentError,
    401: MLRunUnauthorizedError,
    403: MLRunAccessDeniedError,
    404: MLRunNotFoundError,
    409: MLRunConflictError,
}

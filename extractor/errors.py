"""The one tree of errors; catch `FieldNoteError` to catch them all.

    FieldNoteError
    ├── ContractError    the data contract is wrong: file, key, cure
    ├── ModelError       a model bundle is missing, damaged or made for another contract
    └── NoteError        a note that cannot be taken in (too long, no text, no sending time)

"Nothing found" is a result, not an error, and no text of a user raises anything but `NoteError` at the border.
Other rooms hang their own families under `FieldNoteError`. Every error has a stable `code` for machines.
"""

from __future__ import annotations


class FieldNoteError(Exception):
    """Base of every error the project raises on purpose."""

    code = "fieldnote.error"


class ContractError(FieldNoteError):
    """The contract cannot be used: says which file, which key and what to do about it."""

    code = "contract.invalid"

    def __init__(self, file: str, key: str, cure: str) -> None:
        super().__init__(f"{file}: {key}: {cure}")
        self.file, self.key, self.cure = file, key, cure


class ModelError(FieldNoteError):
    """A model bundle cannot be loaded or does not fit the contract."""

    code = "model.invalid"


class NoteError(FieldNoteError):
    """A note that cannot be taken in; `code` says which limit it breaks."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

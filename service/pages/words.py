"""What the pages say: `words/<area>.yaml`, one line a key with its Chinese and English text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from fastapi import Request

from extractor.errors import FieldNoteError

FOLDER = Path(__file__).parent / "words"
LANGUAGES = ("zh", "en")
COOKIE = "fieldnote_lang"


class WordsError(FieldNoteError):
    """A text that the pages ask for and no file has, or a file that is not in shape."""

    code = "words.invalid"


@dataclass(frozen=True, slots=True)
class Speech:
    """One language; called with a key and what fills its `{places}`."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **given: object) -> str:
        """Raises WordsError for an unknown key."""
        try:
            return self.texts[key].format(**given)
        except KeyError as error:
            raise WordsError(f"words/: 没有 {key}（或它的空格没有填：{error}）") from None

    def under(self, *areas: str) -> dict[str, str]:
        """The texts of some areas as they stand, for scripts."""
        return {key: text for key, text in self.texts.items() if key.partition(".")[0] in areas}


@cache
def speech(language: str) -> Speech:
    """All texts in one of `LANGUAGES`; other languages get Chinese. Raises WordsError for a file out of shape."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0
    texts: dict[str, str] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        for key, pair in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if not (isinstance(pair, list) and len(pair) == len(LANGUAGES)) or key in texts:
                raise WordsError(f"{file.name}: {key}: 要写成 [中文, English]，一个键只写一次")
            texts[key] = str(pair[place])
    return Speech(LANGUAGES[place], texts)


def speech_for(request: Request) -> Speech:
    """The language asked for by `?lang=`, else by the cookie, else Chinese."""
    return speech(request.query_params.get("lang") or request.cookies.get(COOKIE, LANGUAGES[0]))

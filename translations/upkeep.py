"""Keeping the catalogues: brought up to date with the code, compiled, checked."""

from collections import Counter

from translations.catalogues import (
    PARTS,
    TRANSLATED,
    by_part,
    compiled,
    compiled_path,
    faults,
    known,
    path_of,
)
from translations.catalogues import (
    update as update_part,
)
from translations.same import SAME
from translations.sentences import sentences

_SHOWN = 40


def update(only: str = "") -> list[str]:
    """Every catalogue anew, or that of one part; how much of each is missing."""
    parts, said, chosen = by_part(sentences()), [], (only,) if only else PARTS
    for language in TRANSLATED:
        translated = known(language)
        for part in chosen:
            update_part(language, part, parts[part], translated)
        for for_scripts in (False, True):
            path = compiled_path(language, for_scripts=for_scripts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(compiled(language, for_scripts=for_scripts))
        wrong = Counter(fault.part for fault in faults(language, sentences(), SAME))
        said += [
            f"{path_of(language, part).name}: {len(parts[part])} sentences, {wrong[part]} to do"
            for part in chosen
        ]
    return said


def check() -> list[str]:
    """What is wrong, in lines for people; nothing where all is well."""
    wrong = []
    for language in TRANSLATED:
        found = faults(language, sentences(), SAME)
        wrong += [
            f"{fault.language}/{fault.part}.po: {fault.reason}: {fault.text}" for fault in found[:_SHOWN]
        ]
        wrong += [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        for for_scripts in (False, True):
            path = compiled_path(language, for_scripts=for_scripts)
            if not path.exists() or path.read_bytes() != compiled(language, for_scripts=for_scripts):
                wrong.append(f"{path.name} is not what manage.py translations makes of the catalogues")
    return wrong

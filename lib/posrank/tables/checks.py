"""What a table must hold: columns, dtypes, values, identifiers, keys. An error names column, row and remedy."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd

from posrank.files import unsafe
from posrank.messages import short
from posrank.tables.layout import CHOICES, DEFAULTS, IDENTIFIERS, KEYS, NOT_BLANK, columns_of

WHOLE = "write an integer (int) below 2**63"
LARGE = "is too large to be kept exactly: {}"
_PLAIN = re.compile("([Uu]?[Ii]nt(8|16|32|64))|([Ff]loat(32|64))")
"""Dtypes whose columns are checked as a whole. Others (float16, longdouble, arrow, categories) are read by value."""
_DIGITS = re.compile(r"\s*[+-]?\d+\s*")


def validate(table, name):
    """`table` with the columns of TABLES[name] first, in order, in their dtypes, and a plain index; ``.attrs`` is kept.

    ValueError names column, first row (from 0) and remedy where a column or value is missing, of the wrong type or not
    among the allowed ones, a text is empty, an identifier holds a slash or '..', or two rows have the same key.
    """
    columns = columns_of(name)
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} table: expected a pandas DataFrame, got {type(table).__name__}")
    defaults = DEFAULTS.get(name, {})
    needed = [column for column in columns if column not in defaults]
    for column in needed:
        if column not in table.columns:
            has = f"has: {', '.join(map(str, table.columns))}"
            raise ValueError(f"{name} table: column {column!r} is missing ({has}); needed are {', '.join(needed)}")
    done = {}
    for column, dtype in columns.items():
        if column in table.columns:
            values = table[column]
            if isinstance(values, pd.DataFrame):
                raise ValueError(f"{name} table: column {column!r} occurs {values.shape[1]} times; keep one")
            values = values.reset_index(drop=True)
        else:
            values = pd.Series([defaults[column]] * len(table), dtype="object" if dtype == "str" else dtype)
        done[column] = check_column(values, name, column)
    done |= {column: table[column].reset_index(drop=True) for column in table.columns if column not in done}
    result = pd.DataFrame(done)
    result.attrs.update(table.attrs)
    _check_rows(result, name)
    return result


def check_column(values, name, column):
    """One column in its dtype; missing values become the default, where there is one."""
    dtype, defaults, missing = columns_of(name)[column], DEFAULTS.get(name, {}), values.isna().to_numpy()
    if dtype != "str" and not pd.api.types.is_numeric_dtype(values):
        missing = missing | values.astype(object).isin(("", "nan", "NaN")).to_numpy()
    if missing.any() and column not in defaults:
        raise _wrong(name, column, missing, "has no value", "fill it in or drop the row")
    if missing.any() and defaults[column] is not None:
        values = values.astype(object).where(~missing, defaults[column])
        missing = np.zeros(len(values), dtype=bool)
    if dtype != "str":
        return _check_numbers(values, name, column, dtype, missing)
    if not _is_text(values):
        wrong = np.array([not isinstance(value, str) for value in values], dtype=bool) & ~missing
        if wrong.any():
            kind = type(values.iloc[int(wrong.argmax())]).__name__
            raise _wrong(name, column, wrong, f"holds {kind}, not text", "write it as text (str)")
    if missing.all():
        return pd.Series(pd.array([None] * len(values), dtype="str"))
    try:
        return values.astype("str")
    except UnicodeEncodeError:
        broken = np.array([any("\ud800" <= letter <= "\udfff" for letter in str(value)) for value in values])
    raise _wrong(name, column, broken, "holds half a character (a lone surrogate)", "correct it")


def _check_numbers(given, name, column, dtype, missing):
    """Numbers, or texts of numbers, as float64 or as whole numbers: never rounded, cut or read out of another type."""

    def refuse(wrong, what, remedy):
        wrong = np.asarray(wrong, dtype=bool)
        if wrong.any():
            raise _wrong(name, column, wrong, what.format(short(_plain(given.iloc[int(wrong.argmax())]))), remedy)

    numbers = given
    if not _PLAIN.fullmatch(str(given.dtype)):
        found = [None if gone else _number(each) for each, gone in zip(given.astype(object), missing)]
        unread = np.array([value is None for value in found], dtype=bool) & ~missing
        refuse(unread, "is no number: {}", "write a number")
        if dtype != "float64" and not any(isinstance(value, float) for value in found):
            refuse([value is not None and not -(2**63) <= value < 2**63 for value in found], LARGE, WHOLE)
            return pd.Series(found, dtype="Int64").astype(dtype)
        numbers = pd.Series([np.nan if value is None else _float(value) for value in found], dtype="float64")
    floats = numbers.to_numpy(dtype="float64", na_value=np.nan)
    if dtype == "float64":
        if name != "scores":  # a scorer may rule a sentence out
            refuse(np.isinf(floats), "is infinite", "write a finite number")
        return pd.Series(floats)
    refuse(~missing & (floats != np.floor(floats)), "is no whole number: {}", "write an integer")
    if pd.api.types.is_integer_dtype(numbers):
        refuse((numbers >= 2**63).to_numpy(dtype=bool, na_value=False), LARGE, WHOLE)
        return numbers.astype(dtype)
    # from 2**53 on, a float may stand for several integers
    refuse(np.abs(floats) >= 2**53, LARGE, WHOLE)
    return pd.Series(np.nan_to_num(floats).astype("int64")).astype(dtype).mask(np.isnan(floats))


def _plain(value):
    """The value as Python writes it."""
    return value.item() if isinstance(value, np.generic) else value


def _number(value):
    """A number, or a text of one, as an int where it is surely whole, else as a float; None for all else, true/false
    and durations included.

    >>> _number("3"), _number(3.0), _number("2.5"), _number(True), _number("1_000")
    (3, 3, 2.5, None, None)
    """
    if not isinstance(value, (str, int, float, np.integer, np.floating, Decimal)):
        return None
    if isinstance(value, (bool, np.timedelta64)) or (isinstance(value, str) and "_" in value):
        return None
    if isinstance(value, (int, np.integer)):
        return int(value)
    try:
        number = float(value)
    except ValueError:
        return None
    if abs(number) < 2**64 and (isinstance(value, Decimal) or _DIGITS.fullmatch(str(value))):
        return int(value) if int(value) == Decimal(value) else number
    if abs(number) < 2**53 and number.is_integer():
        return int(number)
    return None if np.isnan(number) else number


def _float(value):
    """The float of a number; infinite where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _is_text(values):
    """Whether every value that is there is text, without looking at each one where the dtype says so."""
    dtype = values.dtype.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype
    return isinstance(dtype, pd.StringDtype) or pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty")


def _check_rows(table, name):
    checks = [
        (column, ~table[column].isin(allowed), "is {}", f"use one of {', '.join(allowed)}")
        for column, allowed in CHOICES.get(name, {}).items()
    ]
    # a token may be white space (that is how spaCy keeps double spaces), a sentence may not
    checks += [
        (column, (table[column] if name == "tags" else table[column].str.strip()) == "", "is empty",
         "give it a text or drop the row") for column in NOT_BLANK.get(name, ())
    ]
    for column in IDENTIFIERS.get(name, ()):
        reasons = {value: unsafe(value) for value in table[column].unique()}
        checks += [
            (column, table[column] == value, f"is {{}} and {reason}", "rename it")
            for value, reason in reasons.items() if reason
        ]
    if name == "captions":
        remedy = "correct the times or leave both empty"
        checks += [
            ("start", table["start"] < 0, "is {}: before the file begins (seconds)", remedy),
            ("end", table["end"] <= table["start"].fillna(0), "is not after start (seconds)", remedy),
        ]
    for column, wrong, what, remedy in checks:
        wrong = wrong.to_numpy(dtype=bool)
        if wrong.any():
            value = _plain(table[column].iloc[int(wrong.argmax())])
            raise _wrong(name, column, wrong, what.format(short(value)), remedy)
    key = list(KEYS[name])
    repeated = table.duplicated(key).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        first = int((table[key] == table[key].iloc[row]).all(axis=1).to_numpy().argmax())
        value = ", ".join(f"{column} {short(table[column].iloc[row])}" for column in key)
        where = f"{name} table, column {key[-1] if len(key) < 3 else '+'.join(key)!r}, row {row}"
        raise ValueError(f"{where}: {value} is already in row {first}; make it unique or drop one of the two")


def _wrong(name, column, mask, what, remedy):
    more = int(mask.sum()) - 1
    row = f"row {int(mask.argmax())}" + (f" (and {more} more rows)" if more else "")
    return ValueError(f"{name} table, column {column!r}, {row}: {what}; {remedy}")

"""A table of several models as text: Markdown, LaTeX, csv (see posrank.scoring.comparison.table).

In: the numbers of each model by part, and the tests of all pairs. Out: text.
"""

import csv
import io
import re
from string import ascii_lowercase

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.scoring.marks import LEVEL

MEAN = "mean"
_NOTE = ("Highest value in bold, 95 % intervals in brackets. A letter marks what is significantly above the model of "
         "that letter (p < .05, paired, Holm over all pairs and parts compared).")


def above_names(tests, name, part):
    """Names of the models that `name` is significantly above on a part."""
    own = tests[(tests["part"] == part) & (tests["p_holm"] < LEVEL)]
    better = own.loc[(own["run"] == name) & (own["difference"] > 0), "other"]
    return [*better, *own.loc[(own["other"] == name) & (own["difference"] < 0), "run"]]


def _letters(rows):
    names = [*ascii_lowercase, *(one + other for one in ascii_lowercase for other in ascii_lowercase)]
    return dict(zip(rows, names))


def _cells(rows, tests, intervals):
    """Columns, and per model: letter, name, [(value, is best, letters, interval)]; None where a part is absent."""
    columns = [part for part in (*PARTS, MEAN) if any(part in own for own in rows.values())]
    best = {part: max(round(own[part]["posrank"], 3) for own in rows.values() if part in own) for part in columns}
    letters, lines = _letters(rows), []
    for name, own in rows.items():
        cells = []
        for part in columns:
            if part not in own:
                cells.append(None)
                continue
            value, marks = own[part]["posrank"], [letters[other] for other in above_names(tests, name, part)]
            ends = [own[part]["low"], own[part]["high"]]
            between = f"[{_three(ends[0])}, {_three(ends[1])}]" if intervals and None not in ends else ""
            marks.sort(key=lambda mark: (len(mark), mark))
            cells.append((_three(value), round(value, 3) == best[part] and len(rows) > 1, marks, between))
        lines.append((letters[name], name, cells))
    return columns, lines, [_chance(own[part]["chance"] for own in rows.values() if part in own) for part in columns]


def _chance(values):
    """Chance of a part as text: all its values where models were ranked on lists of other lengths.

    >>> _chance([None, 0.5, 0.5]), _chance([0.5, 0.25]), _chance([None])
    ('.500', '.250 to .500', '')
    """
    ends = sorted({round(value, 3) for value in values if value is not None})
    return " to ".join(map(_three, dict.fromkeys([*ends[:1], *ends[-1:]])))


def _joined(marks):
    """Marks of models: "ab"; with a comma between where one has two letters."""
    return ("," if max(map(len, marks), default=0) > 1 else "").join(marks)


def _markdown(rows, tests, intervals):
    columns, lines, expected = _cells(rows, tests, intervals)
    small = dict(zip(ascii_lowercase, "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖqʳˢᵗᵘᵛʷˣʸᶻ"))
    text = [f"|  | model | {' | '.join(columns)} |", f"| --- | --- | {' | '.join('---:' for _ in columns)} |"]
    for letter, name, cells in lines:
        shown = [" ".join(filter(None, (f"**{cell[0]}**" if cell[1] else cell[0],
                                        "".join(small.get(sign, sign) for sign in _joined(cell[2])), cell[3])))
                 if cell else "" for cell in cells]
        text.append(f"| {letter} | {_one_line(name).replace('|', chr(92) + '|')} | {' | '.join(shown)} |")
    return "\n".join([*text, f"|  | chance | {' | '.join(expected)} |", "", _NOTE, ""])


def _latex(rows, tests, intervals):
    columns, lines, expected = _cells(rows, tests, intervals)
    text = ["% \\usepackage{booktabs}", f"\\begin{{tabular}}{{ll{'r' * len(columns)}}}", "\\toprule",
            f" & model & {' & '.join(columns)} \\\\", "\\midrule"]
    for letter, name, cells in lines:
        shown = [" ".join(filter(None, ((f"\\textbf{{{cell[0]}}}" if cell[1] else cell[0])
                                        + (f"$^{{{_joined(cell[2])}}}$" if cell[2] else ""),
                                        f"{{\\scriptsize {cell[3]}}}" if cell[3] else "")))
                 if cell else "" for cell in cells]
        text.append(f"{letter} & {_latex_text(_one_line(name))} & {' & '.join(shown)} \\\\")
    return "\n".join([*text, "\\midrule", f" & chance & {' & '.join(expected)} \\\\", "\\bottomrule", "\\end{tabular}",
                      f"% {_NOTE}", ""])


def _csv(rows, tests, intervals):
    """One line per model and part; above: the models it is significantly above; p_<name>: corrected p against it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["model", "part", "posrank", "low", "high", "chance", "captions", "above",
                     *(f"p_{name}" for name in rows)])
    for name, own in rows.items():
        for part, cell in own.items():
            values = ["" if cell[key] is None else f"{cell[key]:.6g}" for key in ("posrank", "low", "high", "chance")]
            pairs = tests[tests["part"] == part]
            found = {**pairs[pairs["run"] == name].set_index("other")["p_holm"],
                     **pairs[pairs["other"] == name].set_index("run")["p_holm"]}
            writer.writerow([name, part, *values, cell["captions"], "; ".join(above_names(tests, name, part)),
                             *("" if pd.isna(found.get(each, np.nan)) else f"{found[each]:.4g}" for each in rows)])
    return out.getvalue()


def _three(value):
    return f"{value:.3f}".replace("0.", ".", 1)


def _one_line(name):
    return " ".join(str(name).split())


def _latex_text(text):
    """
    >>> _latex_text("a_b & 50%")
    'a\\\\_b \\\\& 50\\\\%'
    """
    signs = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
    return re.sub(r"[\\~^&%$#_{}]", lambda sign: signs.get(sign[0], "\\" + sign[0]), text)


RENDER = {"markdown": _markdown, "latex": _latex, "csv": _csv}
"""Style -> (numbers by model and part, tests, whether intervals are shown) -> text."""

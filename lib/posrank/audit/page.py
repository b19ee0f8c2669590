"""The audit's page in JupyterLab: a negative beside its caption and frames, two questions, buttons and keys.

In: the items of `labels.sample`, the labels file, a frame store where there is one. Out: labels in that file, after
each answer. ipywidgets knows no key events. A text box stands in: its text is sent at each keystroke, and what has been
added to it since are the keys. It is not emptied: while the kernel is busy keys would be lost or doubled.
"""

from html import escape

from posrank import PARTS
from posrank.audit import labels as kept
from posrank.figures.strips import lines_html, marked, png, strip
from posrank.files import unsafe

KEYS = {"g": ("grammatical", "yes"), "u": ("grammatical", "no"), "f": ("false_negative", "no"),
        "t": ("false_negative", "yes"), "c": ("false_negative", "cannot tell"), "b": ("back", ""), "s": ("skip", "")}
"""Key -> the question that it answers and the answer, or the step that it takes."""

COLOURS = {"caption": "#0173b2", "negative": "#d55e00"}
_WORDS = {"g": "grammatical", "u": "ungrammatical", "f": "false of the video", "t": "still true of it",
          "c": "cannot tell", "b": "back", "s": "skip"}


def item_html(item):
    """Part of speech, caption and negative of an item, the changed words coloured."""
    lines = (("caption", marked(item["caption"], item["sentence"], COLOURS["caption"])),
             ("negative", marked(item["sentence"], item["caption"], COLOURS["negative"])))
    return f'<div style="font-size:17px;line-height:1.5">{lines_html(lines)}</div>'


def examples_html(items):
    """The first item of each part of speech, one below the other."""
    first = items.drop_duplicates("part").set_index("part")
    return "".join(f"<h4>{part}</h4>{item_html(first.loc[part])}" for part in PARTS if part in first.index)


def frames_of(work, dataset):
    """The dataset's frame store where the workspace has one, the world's in any case, else None (decoding is slow)."""
    if dataset == "world" or (work.folder / "data" / "frames" / dataset / "videos.parquet").is_file():
        store = work.frames(dataset)
        if len(store):  # empty where the pipeline trains on another dataset, or on none
            return store
    print(f"no frames of {dataset} (they are made with: python -m posrank stage frames --dataset {dataset}): text only")
    return None


class Labelling:
    """The page. `items` as from `labels.sample`, `path` the labels file, `labeller` whose labels these are.

    It opens at the first item without both answers. Shown as the last value of a cell; `press(key)` is what its buttons
    and keys do. A label that cannot be written is told on the page, and counts as not given.
    """

    def __init__(self, items, path, labeller="me", store=None):
        import ipywidgets as widgets

        if reason := unsafe(labeller):
            raise ValueError(f"labeller {labeller!r} cannot name a file, {reason}: give your name or initials")
        self.items, self.path, self.labeller, self.store = items.reset_index(drop=True), path, labeller, store
        self._answers, self._typed = self._given(kept.read_labels(path)), ""
        self.at = next(iter(self._unanswered()), len(self.items))
        self.head, self.text, self.note = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%", object_fit="contain"))
        self.progress = widgets.IntProgress(max=len(self.items), layout=widgets.Layout(width="240px"))
        self.keys = widgets.Text(placeholder="click here, then type", layout=widgets.Layout(width="220px"))
        self.keys.observe(self._on_keys, names="value")
        self.buttons = {key: widgets.Button(description=f"{words}  ({key})", layout=widgets.Layout(width="160px"))
                        for key, words in _WORDS.items()}
        for key, button in self.buttons.items():
            button.on_click(lambda _, key=key: self._on_button(key))

        def line(title, keys, *children):
            name = widgets.HTML(f'<div style="width:150px;font-weight:600">{title}</div>')
            return widgets.HBox([name, *map(self.buttons.get, keys), *children], layout={"align_items": "center"})

        top = widgets.HBox([self.progress, self.head], layout={"align_items": "center"})
        self.widget = widgets.VBox([top, self.picture, self.text, line("The sentence is", "gu"), line("It is", "ftc"),
                                    line("", "bs", self.keys), self.note])
        self._show(f"labels: {path}")

    def _ipython_display_(self):
        from IPython.display import display

        display(self.widget)

    def press(self, key):
        """Answer a question of the item shown, or step on or back; other keys say that they mean nothing."""
        if key not in KEYS:
            return self._show(f"the key {key!r} has no meaning here")
        question, answer = KEYS[key]
        end = len(self.items)
        if question == "back":
            self.at = max(self.at - 1, 0)
        elif question == "skip":
            self.at = self.at + 1 if self.at < end else next(iter(self._unanswered()), end)
        elif self.at < end:
            return self._label(question, answer)
        return self._show()

    def _label(self, question, answer):
        before = all(self._answers[self.at].values())
        try:
            labels = kept.save(self.path, self.items.iloc[self.at], self.labeller, **{question: answer})
        except (OSError, ValueError) as problem:
            return self._show(f"NOT SAVED: {problem}")
        self._answers = self._given(labels)
        if before or not all(self._answers[self.at].values()):
            return self._show("changed; (s) goes on" if before else "")
        self.at = next((i for i in self._unanswered() if i > self.at), len(self.items))
        return self._show()

    def _given(self, labels):
        """The answers of this labeller, one {question: answer} per item; ValueError where an item had another text."""
        mine = labels[labels["labeller"] == self.labeller]
        both = self.items.merge(mine, on=list(kept.KEY), how="left", suffixes=("", "_then"))
        other = both["fingerprint_then"].notna() & (both["fingerprint_then"] != both["fingerprint"])
        if other.any():
            raise ValueError(f"{self.path}: caption {both.loc[other, 'caption_id'].iloc[0]!r} was labelled when its "
                             "negative had another text: these are labels of another set; move the file away")
        return both[list(kept.ANSWERS)].fillna("").to_dict("records")

    def _unanswered(self):
        return [i for i, given in enumerate(self._answers) if not all(given.values())]

    def _on_button(self, key):
        self.press(key)
        # the next letter belongs to the box again: on a button, JupyterLab would take it for a command on the cell
        self.keys.focus()

    def _on_keys(self, change):
        before, now = self._typed, change["new"]
        self._typed = now
        # a text that does not go on from the one before has been edited: only what is typed from here on counts
        if now.startswith(before):
            for key in now[len(before) :].lower().strip():
                self.press(key)

    def _show(self, note=""):
        left, end = self._unanswered(), self.at == len(self.items)
        self.progress.value = len(self.items) - len(left)
        colour = "#c0392b;font-weight:bold" if note.startswith("NOT SAVED") else "#888"
        self.note.value = f'<span style="color:{colour}">{escape(note)}</span>'
        for key, (question, answer) in KEYS.items():
            chosen = not end and question in kept.ANSWERS and self._answers[self.at][question] == answer
            self.buttons[key].button_style = "info" if chosen else ""
            self.buttons[key].disabled = end and question in kept.ANSWERS
        done, footage = f"{self.progress.value} of {len(self.items)} labelled", None
        if end:
            rest = (f"; {len(left)} are open, (s) goes to the first" if left
                    else ". Thank you. Run the cells below for the report")
            self.head.value, self.text.value = f"<b>{done}</b>", f'<p style="font-size:17px">{done}{rest}.</p>'
        else:
            item = self.items.iloc[self.at]
            if self.store is not None and item["video_id"] in self.store:
                footage = png(strip(*self.store[item["video_id"]]))
            self.head.value = f"<b>{item['part']}</b> &nbsp; item {self.at + 1}, {done}"
            told = "" if footage else '<p style="color:#888">no frames of this video: judge by the caption</p>'
            self.text.value = item_html(item) + told
        self.picture.layout.display = "" if footage else "none"
        if footage:
            self.picture.value = footage

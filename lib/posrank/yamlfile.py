"""YAML 1.2 as DVC reads and writes it: 1e-4 is a number, `on` is a text."""

from io import StringIO


def yaml_text(values, comment=None):
    """A plain nested dict as YAML, in its own order, with a comment on top."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.sort_base_mapping_type_on_output, yaml.width = False, False, 10**6
    text = StringIO()
    yaml.dump(values, text)
    return (f"# {comment}\n" if comment else "") + text.getvalue()


def read_yaml(path):
    """The plain values of a YAML file."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def value_of(text):
    """A value of the command line: 1e-4 is a number, true a flag, [a, b] a list, all else a text.

    >>> value_of("1e-4"), value_of("[a, b]"), value_of("xclip")
    (0.0001, ['a', 'b'], 'xclip')
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text

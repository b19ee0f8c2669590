"""How a command ends: its status, and one message where the user can mend what is wrong."""

import subprocess

import pytest

from posrank.messages import command


@pytest.mark.parametrize(("end", "status", "told"), [
    (None, 0, ""), (3, 3, ""), (ValueError("lambda is -1"), 1, "\nERROR: lambda is -1\n"),
    (FileNotFoundError(2, "No such file", "a.csv"), 1, "\nERROR: [Errno 2] No such file: 'a.csv'\n"),
    (subprocess.CalledProcessError(2, "git"), 1, "\nERROR: Command 'git' returned non-zero exit status 2.\n"),
    (KeyboardInterrupt(), 130, "\nstopped\n"),
])
def test_a_command_ends_with_a_status_and_one_message(end, status, told, capsys):
    def main(argv=None):
        assert argv == ["x"]
        if isinstance(end, BaseException):
            raise end
        return end

    assert command(main)(["x"]) == status
    assert capsys.readouterr().err == told


def test_what_no_user_can_mend_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        command(lambda argv: 1 / 0)([])

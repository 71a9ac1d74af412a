"""The systemd unit: what it must hold, and that the page shows the same."""

from __future__ import annotations

import re
from pathlib import Path

from core.control.unit import UnitGiven, unit_text

PAGE = Path(__file__).parents[3] / "docs" / "engine.md"
GIVEN = UnitGiven(Path("/srv/vgwm/photos"), ("/usr/local/bin/vgwm",), "gateway", ("CLUSTER_PW",))


def test_the_page_shows_the_unit_as_it_is_printed() -> None:
    (shown,) = re.findall(r"```ini\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert shown == unit_text(GIVEN)


def test_secrets_stand_in_a_file_only_where_there_are_any() -> None:
    assert "EnvironmentFile=/etc/vgwm/photos.env\n" in unit_text(GIVEN)
    assert "EnvironmentFile" not in unit_text(GIVEN._replace(variables=()))


def test_a_crash_is_restarted_within_a_second_and_a_refusal_is_not() -> None:
    text = unit_text(GIVEN)
    assert "Restart=on-failure\nRestartSec=1\n" in text
    (final,) = re.findall(r"RestartPreventExitStatus=(.*)", text)
    assert final.split() == ["2", "3", "5", "6", "7"]


def test_a_login_of_its_own_has_no_user_and_another_target() -> None:
    text = unit_text(GIVEN._replace(scope="user"))
    assert "User=" not in text
    assert "WantedBy=default.target" in text
    assert "EnvironmentFile=%h/.config/vgwm/photos.env" in text


def test_a_path_that_systemd_would_read_otherwise_is_quoted() -> None:
    text = unit_text(GIVEN._replace(workspace=Path('/srv/my $HOME 100% "x"')))
    assert '-w "/srv/my $$HOME 100%% \\"x\\""' in text

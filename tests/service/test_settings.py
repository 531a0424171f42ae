"""Settings come from the environment, and a wrong one is named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.domain.errors import WrongSetting
from service.endings import PARENT
from service.leftovers import MARK
from service.parts import migrate
from service.settings import Settings, read_settings


def test_every_setting_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELLSMITH_DATABASE_URL", raising=False)
    settings = read_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8642)
    assert settings.workers >= 1
    assert settings.database == f"sqlite:///{settings.data_dir / 'cellsmith.db'}"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLSMITH_DATA_DIR", "elsewhere")
    assert read_settings().database == "sqlite:///elsewhere/cellsmith.db"
    monkeypatch.setenv("CELLSMITH_DATABASE_URL", "postgresql://host/name")
    assert read_settings().database == "postgresql://host/name"
    assert read_settings().data_dir == Path("elsewhere")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CELLSMITH_PORT", "eighty"),
        ("CELLSMITH_PORT", "70000"),
        ("CELLSMITH_PORT", "0"),
        ("CELLSMITH_WORKERS", "0"),
        ("CELLSMITH_LEASE_SECONDS", "nan"),
        ("CELLSMITH_RAY_ADDRESS", "scheduler"),
        ("CELLSMITH_RAY_ADDRESS", "scheduler:0"),
        ("CELLSMITH_LEASE_SECONDS", "1"),
        ("CELLSMITH_BEAT_SECONDS", "-1"),
        ("CELLSMITH_LOG_LEVEL", "loud"),
        ("CELLSMITH_DATABASE_URL", "cellsmith.db"),
        ("CELLSMITH_DATABASE_URL", "mysql://host/name"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSetting, match=f"^{name} cannot be used. ") as refusal:
        read_settings()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["data", "a?b", "a#b", "a%41b", "a b@c:d"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    migrate(Settings(data_dir=tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "cellsmith.db").is_file()


def test_a_setting_that_is_misspelt_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLSMITH_WORKER", "4")
    with pytest.raises(WrongSetting) as refusal:
        read_settings()
    assert str(refusal.value) == "CELLSMITH_WORKER is no setting. Did you mean CELLSMITH_WORKERS?"


def test_variables_of_other_programs_and_parts_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CELLSMITH_URL", "CELLSMITH_DATA", "CELLSMITH_SECRET", PARENT, MARK):
        monkeypatch.setenv(name, "1")
    read_settings()


def test_a_wrong_setting_is_refused_without_telling_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLSMITH_DATABASE_URL", "mysql://user:secret@host/name")
    with pytest.raises(WrongSetting) as refusal:
        read_settings()
    assert "secret" not in str(refusal.value)


def test_a_lease_outlasts_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLSMITH_BEAT_SECONDS", "60")
    with pytest.raises(WrongSetting, match="more than CELLSMITH_BEAT_SECONDS"):
        read_settings()


def test_every_setting_is_in_the_reference() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
    for name, setting in Settings.model_fields.items():
        line = next(line for line in page.splitlines() if f"`CELLSMITH_{name.upper()}`" in line)
        assert setting.default_factory or str(setting.default).removesuffix(".0") in line

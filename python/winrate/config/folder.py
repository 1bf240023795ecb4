"""The folder that `CONFIG` names: a user's settings, and files such as the mapping and the targets.

A file that is not there changes nothing. A kind of file that models read is one more entry of
`project.OWN_FILES`, and a variable with its path.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from winrate import project
from winrate.config import alert_rules, exclusions, owners, rates, settings, targets
from winrate.ingest import masking
from winrate.project import SettingsError

SETTINGS = "settings.yml"


@dataclass(frozen=True)
class Config:
    """What a user's folder says, or what holds without one.

    folder: None where there is none. settings: the variables of dbt_project.yml that its
        settings.yml changes, each with its whole value.
    """

    folder: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, Any]:
        """The settings in force: those of dbt_project.yml, and the folder's own in their place."""
        return project.project_vars() | self.settings

    @property
    def model_settings(self) -> dict[str, Any]:
        """The settings that dbt compiles into models: those that are not given for each run."""
        names = self.settings.keys() - {*project.RunValues._fields, *project.COMMAND_VALUES}
        return {name: self.settings[name] for name in sorted(names)}

    @property
    def key(self) -> str:
        """A name for what is compiled with these settings; empty without any."""
        if not self.model_settings:
            return ""
        return hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]

    def paths(self) -> dict[str, str]:
        """The files that models read, by the variable that names them; empty: there is none."""
        found = dict.fromkeys(project.OWN_FILES, "")
        if self.folder:
            paths = {name: self.folder / file for name, file in project.OWN_FILES.items()}
            found |= {name: str(path.absolute()) for name, path in paths.items() if path.exists()}
        return found

    def deals(self) -> Path:
        """The export of the settings; raises SettingsError where a user's folder names none."""
        if self.folder and "deals_path" not in self.settings:
            raise SettingsError(
                f"DEALS is missing; name the export, or set deals_path in {self.folder / SETTINGS}."
            )
        return project.ROOT / self.variables["deals_path"]

    def stages(self) -> Path | None:
        """The stage history of the settings, if any."""
        return self._path("stages_path")

    def source(self) -> Path | None:
        """The warehouse of the settings that has the deals, if any."""
        return self._path("source_path")

    def state(self) -> Path | None:
        """The folder of the state that the settings name, if any."""
        return self._path("state_path")

    def _path(self, setting: str) -> Path | None:
        path = self.variables[setting]
        return project.ROOT / path if path else None

    def named(self, setting: str) -> str:
        """A setting and the file that it is from, for a sentence."""
        path = self.folder / SETTINGS if setting in self.settings else "dbt_project.yml"
        return f"{setting} in {path}"


def read(folder: Path | None) -> Config:
    """Read and check a user's folder; raises SettingsError."""
    project.check_names()
    if folder is None:
        return Config()
    if not folder.is_dir():
        raise SettingsError(
            f"CONFIG {folder}: found no such folder; `make init` with the same CONFIG makes it."
        )
    _refuse_other_suffixes(folder)
    path = folder / SETTINGS
    config = Config(folder, settings.read(path) if path.exists() else {})
    alert_rules.read(config.paths()["alert_rules_path"])
    exclusions.table(config.paths()["exclusions_path"], config.variables)
    mask = masking.mask_of("sales_rep_id", masking.masked_columns(config.variables))
    owners.table(config.paths()["owners_path"], mask)
    targets.table(config.paths()["targets_path"], mask)
    rates.table(config.paths()["rates_path"], config.variables["reporting_currency"])
    return config


def _refuse_other_suffixes(folder: Path) -> None:
    """Raise SettingsError for settings.yaml or mapping.xlsx, which nothing reads."""
    for name in (SETTINGS, *project.OWN_FILES.values()):
        if not (folder / name).exists():
            others = sorted(folder.glob(f"{Path(name).stem}.*"))
            if others:
                raise SettingsError(f"{others[0]}: nothing reads this file; name it {name}.")

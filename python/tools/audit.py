"""Writes a bill of materials of the lock and looks up known vulnerabilities (`make audit`)."""

import json
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from pip_requirements_parser import InstallRequirement, RequirementsFile

from winrate import project, wording

PACKAGE = "winrate"
LOCK = project.ROOT / "requirements.txt"
SBOM = project.ROOT / "target" / "sbom.cdx.json"
EXIT_KNOWN, EXIT_NOT_CHECKED = 1, 2
NOT_CHECKED = "Known vulnerabilities: not checked, since pip-audit"


def main() -> int:
    """Write the bill of materials, print the known vulnerabilities; returns the exit code."""
    n_packages = write_sbom(SBOM)
    where = SBOM.relative_to(project.ROOT)
    print(f"{where}: CycloneDX bill of materials, {n_packages} packages of the lock.")
    text, exit_code = findings(known_vulnerabilities())
    print(text)
    return exit_code


def write_sbom(path: Path) -> int:
    """Write all packages of the lock, for all systems, with hashes; returns their number."""
    bill = Bom(components=map(_component, RequirementsFile.from_file(str(LOCK)).requirements))
    bill.metadata.timestamp = None  # the same bill for the same lock
    bill.serial_number = None
    about = metadata(PACKAGE)
    bill.metadata.component = Component(
        name=PACKAGE,
        version=about["Version"],
        description=about["Summary"],
        licenses=[DisjunctiveLicense(id=about["License-Expression"])],
        type=ComponentType.APPLICATION,
        bom_ref=PACKAGE,
    )
    bill.register_dependency(bill.metadata.component, bill.components)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(JsonV1Dot6(bill).output_as_string(indent=2), encoding="utf-8")
    return len(bill.components)


def _component(locked: InstallRequirement) -> Component:
    """A package of the lock, with the hashes of all its files: any of them may be installed."""
    version = locked.get_pinned_version
    purl = PackageURL("pypi", None, locked.name, version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(purl)),
        hashes=map(HashTypeFactory().from_composite_str, locked.hash_options),
    )
    return Component(
        name=locked.name,
        version=version,
        purl=purl,
        bom_ref=str(purl),
        external_references=[files],
    )


def known_vulnerabilities() -> dict[str, Any] | None:
    """pip-audit's report on the lock; None if it could not reach the database."""
    run = _tool(
        "pip_audit",
        *("--requirement", LOCK, "--require-hashes", "--disable-pip"),
        *("--format", "json", "--progress-spinner", "off"),
    )
    try:
        return json.loads(run.stdout)
    except json.JSONDecodeError:
        return None


def findings(report: dict[str, Any] | None) -> tuple[str, int]:
    """The report as text, and the exit code; 0 only if packages were checked and none is known.

    A package without an answer from the database counts as not checked; pip-audit itself prints
    "no known vulnerabilities" even if it got no answer at all.
    """
    if report is None:
        return f"{NOT_CHECKED} reached no database.", EXIT_NOT_CHECKED
    packages = report["dependencies"]
    unanswered = sum("skip_reason" in package for package in packages)
    known = [
        f"  {package['name']} {package['version']}: {found['id']}, fixed in"
        f" {', '.join(found['fix_versions']) or 'no version yet'}"
        for package in packages
        for found in package.get("vulns", [])
    ]
    n_checked = f"{wording.count(len(packages) - unanswered)} of {wording.count(len(packages))}"
    lines = [f"Known vulnerabilities: {len(known) or 'none'} in {n_checked} packages.", *known]
    if unanswered == len(packages):
        return f"{NOT_CHECKED}'s database gave no answer.", EXIT_NOT_CHECKED
    if unanswered:
        lines.append(f"Not checked: {unanswered}, for which pip-audit's database has no answer.")
    return "\n".join(lines), EXIT_KNOWN if known else 0


def _tool(module: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())

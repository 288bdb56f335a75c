"""The image, the compose file and the systemd units: hardened, in step with the code, and with each other."""

import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.config import database_url, read_settings
from bot.lifecycle import STOP_AT_MOST_S

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: service for name, service in SERVICES.items() if service["image"] == "pgaccess"}
UNITS: Final = sorted((ROOT / "docs/operations/systemd").glob("*.service"))
LOOPS: Final = [unit for unit in UNITS if "migrate" not in unit.name]
EXPOSURE: Final = 20
"""Tenths that ``systemd-analyze security`` may give to a unit: 0 is shut off, 100 is root without limits, and
what needs the network cannot be 0."""

EXAMPLE: Final = dict(
    re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
)


def instructions() -> Iterator[tuple[str, str]]:
    """The instructions of the Dockerfile: name and the rest, with continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    whole = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    for line in whole.splitlines():
        if line.strip():
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def stages() -> list[list[tuple[str, str]]]:
    """The stages of the Dockerfile, each from its FROM on."""
    found: list[list[tuple[str, str]]] = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


def seconds(duration: str) -> float:
    """A duration of compose or systemd such as ``30s``, ``15min`` or ``30``."""
    ((number, unit),) = re.findall(r"^(\d+)(s|min|)$", duration)
    return float(number) * (60 if unit == "min" else 1)


# --- the image -----------------------------------------------------------------------------------------


def test_what_runs_in_the_image_is_neither_root_nor_a_shell() -> None:
    final = dict(stages()[-1])
    user, _, group = final["USER"].partition(":")
    assert int(user) >= 10000
    assert int(group) >= 10000
    assert json.loads(final["ENTRYPOINT"]) == ["python", "-m", "bot"]
    assert json.loads(final["CMD"]) == ["run"]
    assert final["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(final["HEALTHCHECK"].partition(" CMD ")[2]) == ["python", "-m", "bot.cli.health"]


def test_dependencies_of_the_image_are_wheels_by_hash_and_pip_stays_behind() -> None:
    build, final = stages()
    (installs,) = [rest for name, rest in build if name == "RUN" and "pip --python" in rest]
    assert {"--require-hashes", "--only-binary :all:", "-r /tmp/requirements.txt"} <= set(
        re.findall(r"--require-hashes|--only-binary :all:|-r \S+", installs)
    )
    assert "--without-pip /opt/pgaccess" in " ".join(rest for _, rest in build)
    assert not [rest for name, rest in final if name == "RUN" and re.search(r"\b(pip|apt-get|apk)\b", rest)]
    copied = [rest for name, rest in final if name == "COPY"]
    assert copied == ["--from=build /opt/pgaccess /opt/pgaccess", "--from=build /app /app"]


def test_the_image_has_the_packages_that_a_wheel_has_and_the_builder_is_sent_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = [rest.split()[0] for name, rest in stages()[0] if name == "COPY"]
    assert copied == ["requirements.txt", *packages]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in ignored if line and not line.startswith("#")) == "*"
    assert [line[1:] for line in ignored if line.startswith("!")] == copied


def test_image_and_environment_have_the_same_python() -> None:
    version = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    (base,) = [rest for name, rest in instructions() if name == "ARG" and rest.startswith("BASE=")]
    assert f"python:{version}-slim" in base
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == f">={version}"


# --- compose.yaml --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_read_only_and_without_capabilities(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert service["pids_limit"] > 0
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", [name for name in OURS if name != "migrate"])
def test_what_runs_waits_for_postgres_and_the_migrations_and_has_time_to_stop(name: str) -> None:
    service = OURS[name]
    assert service["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
    }
    assert service["init"] is True
    assert service["restart"] == "unless-stopped"
    assert seconds(service["stop_grace_period"]) > STOP_AT_MOST_S


def test_the_migration_runs_once_and_looks_at_the_policy_first() -> None:
    migrate = OURS["migrate"]
    assert migrate["command"] == ["release"]
    assert migrate["restart"] == "no"
    assert migrate["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_postgres_keeps_its_data_and_is_reached_by_pgaccess_only() -> None:
    postgres = SERVICES["postgres"]
    assert postgres["volumes"] == ["store:/var/lib/postgresql/data"]
    assert "store" in COMPOSE["volumes"]
    assert postgres["networks"] == ["store"]
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert "ports" not in postgres
    assert postgres["user"] == "postgres"
    assert "--host=127.0.0.1" in postgres["healthcheck"]["test"]


def test_only_web_is_published_and_to_this_machine_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    port = SERVICES["web"]["environment"]["PORT"]
    assert published == {"web": [f"127.0.0.1:{port}:{port}"]}


def test_the_worker_is_asked_for_its_health_where_it_serves_it() -> None:
    worker = SERVICES["worker"]
    asked = worker["healthcheck"]["test"]
    assert asked[:4] == ["CMD", "python", "-m", "bot.cli.health"]
    assert worker["command"][1:] == ["--health-port", asked[-1]]


def test_no_secret_stands_in_the_compose_file_and_the_example_names_all_that_it_needs() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    variables = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert variables == {"POSTGRES_PASSWORD"}
    assert variables <= set(EXAMPLE)
    assert {service["env_file"] for service in OURS.values()} == {".env"}
    assert not re.search(r"(xox[bp]|xapp|HRKU)-", text)


def test_the_example_of_settings_is_enough_once_its_secrets_are_filled_in() -> None:
    filled = {name: said or "made-up" for name, said in EXAMPLE.items() if name != "SLACK_APP_TOKEN"}
    settings = read_settings(filled)
    assert settings.public_url == EXAMPLE["PGACCESS_PUBLIC_URL"]
    inside = SERVICES["web"]["environment"]["DATABASE_URL"]
    assert database_url({"DATABASE_URL": re.sub(r"\$\{.*?\}", "made-up", inside)}).endswith(
        "made-up@postgres:5432/pgaccess"
    )


# --- systemd -------------------------------------------------------------------------------------------


def unit(path: Path) -> Mapping[str, Mapping[str, str]]:
    """A unit's sections, keys in lower case; of a key that stands there twice the last counts."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(path, encoding="utf-8")
    return {name: dict(parser[name]) for name in parser.sections()}


def test_there_is_a_unit_for_each_process_of_the_compose_file() -> None:
    assert {path.stem.removeprefix("pgaccess-") for path in UNITS} == set(OURS)


@pytest.mark.parametrize("path", LOOPS, ids=lambda path: path.stem)
def test_a_unit_is_started_for_ever_and_has_time_to_stop(path: Path) -> None:
    said = unit(path)
    assert said["Service"]["restart"] == "always"
    assert said["Unit"]["startlimitintervalsec"] == "0"
    assert seconds(said["Service"]["timeoutstopsec"]) > STOP_AT_MOST_S


@pytest.mark.parametrize("path", LOOPS, ids=lambda path: path.stem)
def test_a_unit_runs_the_command_of_its_service(path: Path) -> None:
    _, _, command = unit(path)["Service"]["execstart"].partition(" -m bot ")
    assert command.split() == OURS[path.stem.removeprefix("pgaccess-")]["command"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_accepts_each_unit_and_finds_little_that_it_could_do_to_the_machine(
    path: Path, tmp_path: Path
) -> None:
    systemd_analyze = shutil.which("systemd-analyze")
    if systemd_analyze is None:
        pytest.skip("systemd is not there: its units are read by configparser only")
    # It looks for the program, which is installed on the machine that runs it.
    for every in UNITS:
        text = every.read_text(encoding="utf-8").replace("/opt/pgaccess/.venv/bin/python", sys.executable)
        (tmp_path / every.name).write_text(text, encoding="utf-8")
    copy = tmp_path / path.name
    verified = subprocess.run(
        [systemd_analyze, "verify", "--man=no", "--recursive-errors=no", copy],
        capture_output=True,
        text=True,
        check=False,
        timeout=timedelta(seconds=30).total_seconds(),
    )
    assert path.name not in verified.stderr, verified.stderr
    assert verified.returncode == 0, verified.stderr
    judged = subprocess.run(
        [systemd_analyze, "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout

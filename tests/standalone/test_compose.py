"""docker-compose.yml says what the code needs: no container engine is at hand to try it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")


def test_it_names_all_parts() -> None:
    assert set(SERVICES) == {"postgres", "valkey", *OURS}


@pytest.mark.parametrize(
    ("service", "image", "volume"),
    [
        ("postgres", "postgres:18", "database:/var/lib/postgresql"),  # and not its data/, as until 17
        ("valkey", "valkey/valkey:9", "queue:/data"),
    ],
)
def test_the_official_images_keep_their_data_in_a_volume(service: str, image: str, volume: str) -> None:
    assert SERVICES[service]["image"] == image
    assert SERVICES[service]["volumes"] == [volume]


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"migrate"}))
def test_every_service_that_stays_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


@pytest.mark.parametrize("service", OURS)
def test_ours_find_database_broker_and_files(service: str) -> None:
    environment = SERVICES[service]["environment"]
    assert environment["DATABASE_URL"].endswith("@postgres/mailwatch")
    assert environment["CELERY_BROKER_URL"] == "redis://valkey:6379/0"
    assert SERVICES[service]["volumes"] == ["files:/var/lib/mailwatch"]


def test_every_volume_and_every_dependency_exists() -> None:
    for service in SERVICES.values():
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_no_secret_has_a_default() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "MAILWATCH_SECRET_KEY"):
        used = re.findall(rf"\$\{{{name}([^}}]*)\}}", text)
        assert used
        assert all(rest.startswith(":?") for rest in used)


def test_every_setting_that_it_passes_is_one_that_the_code_reads() -> None:
    read = (CHECKOUT / "mailwatch" / "settings.py").read_text()
    for service in OURS:
        assert [name for name in SERVICES[service]["environment"] if f'"{name}"' not in read] == []


def test_the_image_holds_what_the_commands_need() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) \./", dockerfile, re.MULTILINE)
    kept = re.findall(r"^!(\S+)", (CHECKOUT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(kept)
    assert all((CHECKOUT / name).exists() for name in copied)
    assert "mailwatch.wsgi" in dockerfile

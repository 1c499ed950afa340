"""Fixtures: an app others wrote, the proxy in front of it, a simulated Entra tenant, and Rollcall between them.

Run by `tests/interop/run`, which installs the apps into $INTEROP_WORK and builds the binary.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import apps
from proxy import Proxy
from tenant import Tenant
from world import World


def pytest_configure(config):
    config.addinivalue_line("markers", "apps(*names): only these of apps.APPS (all, without it)")


def pytest_generate_tests(metafunc):
    if "app" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("apps")
        metafunc.parametrize("app", marker.args if marker else list(apps.APPS), indirect=True)


@pytest.fixture(scope="session")
def work():
    """Where `tests/interop/run` has installed the apps."""
    return Path(os.environ["INTEROP_WORK"])


@pytest.fixture
def tenant(tmp_path):
    tenant = Tenant(tmp_path / "sandbox")
    yield tenant
    tenant.stop()


@pytest.fixture
def app(request, work):
    app = apps.start(request.param, work)
    yield app
    app.stop()


@pytest.fixture
def proxy(request):
    upstream = request.getfixturevalue("app").port if "app" in request.fixturenames else 9
    proxy = Proxy(upstream)
    yield proxy
    proxy.close()


@pytest.fixture
def world(tmp_path, tenant, app, proxy):
    """A customer that has never run."""
    world = World(tmp_path / "rollcall", tenant, app, proxy)
    yield world
    assert proxy.violations == []


@pytest.fixture
def live(world):
    """A customer whose first plan has been approved; after the test a run must have nothing left to send."""
    world.go_live()
    yield world
    if world.ends_quietly:
        world.sends_nothing()

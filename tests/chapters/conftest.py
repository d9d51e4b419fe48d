"""Whatever the chapters say is tested on runs as readers have them, compiled with care."""

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "chapters" in item.path.parts:
            item.add_marker(pytest.mark.long_runs)

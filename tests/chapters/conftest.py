"""Whatever the chapters say is tested on runs as readers have them, compiled with care.

Signatures are not checked: the tests of the parts do that, and here it would take time.
"""

import pytest


@pytest.fixture(autouse=True)
def as_readers_have_it(unchecked):
    pass


def pytest_collection_modifyitems(items):
    for item in items:
        if "chapters" in item.path.parts:
            item.add_marker(pytest.mark.long_runs)

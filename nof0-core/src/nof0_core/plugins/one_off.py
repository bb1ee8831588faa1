"""One-off plugins: Python files that a configuration names."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from nof0_core.errors import PluginError
from nof0_core.files import in_words, read_text
from nof0_core.ids import derived_uuid
from nof0_core.plugins import messages
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.plugins.culprit import FILE
from nof0_core.plugins.importing import slow_import_told
from nof0_core.plugins.registry import PluginRegistry
from nof0_core.plugins.source import line_in


def add_file(registry: PluginRegistry, path: Path, shown: str) -> None:
    """Load a one-off plugin from a Python file that the configuration names.

    Args:
        registry: where its kinds go.
        path: the file.
        shown: the file as the user named it, for messages.

    Raises:
        PluginError: if there is no such file, it does not import, or it breaks the contract.
    """
    plugin = LoadedPlugin(
        name=f"file:{shown}", distribution=shown, version="", module=shown, is_file=True
    )
    try:
        with slow_import_told(plugin):
            module = _import_file(path)
    except FileNotFoundError:
        message = f"there is no plugin file {shown}"
        raise PluginError(message, distribution=shown) from None
    except _UnreadableError as error:
        message = f"the plugin file {shown} cannot be read: {error}"
        raise PluginError(message, distribution=shown) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        line = line_in(error, str(path))
        place = f" ({shown}:{line})" if line else ""
        message = f"plugin {shown} does not import: {messages.failure(error)}{place}"
        raise PluginError(message, distribution=shown) from error
    registry.add(plugin, module)


class _UnreadableError(Exception):
    """There is no file of text; what the file does when it runs is another matter."""


def _import_file(path: Path) -> ModuleType:
    try:
        read_text(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _UnreadableError(in_words(error)) from None
    # The name must be stable and free: annotations are resolved through sys.modules.
    name = f"{FILE}{path.stem}_{derived_uuid(str(path.resolve()))[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = "not a Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module

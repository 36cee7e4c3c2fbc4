"""The site: `make docs` builds it into build/docs, without a network.

Pages are Markdown, the reference is from docstrings. What is generated is made by `_building`.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

_stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "autodiff"
author = "The autodiff developers"
project_copyright = author
version = release = _stated["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    *("docs._building.reference", "docs._building.pictures", "docs._building.notebooks"),
    *("docs._building.mathematics", "docs._building.offline"),
    "docs._building.benchmarks",
]
exclude_patterns = ["_building", "README.md"]
nitpicky = True
default_role = "code"
smartquotes = False  # what is quoted are strings of Python, too

# -- reference ---------------------------------------------------------------------------------

autodoc_typehints = "none"  # docstrings say types, shapes and dtypes
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
maximum_signature_line_length = 88

# -- Markdown and notebooks --------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make notebooks` executes them
html_math_renderer = "mathml"

# -- pages -------------------------------------------------------------------------------------

html_theme = "furo"
html_title = "autodiff"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
html_theme_options = {"navigation_with_keys": True}

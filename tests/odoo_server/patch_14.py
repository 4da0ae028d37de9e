"""Lets the unpacked Odoo 14, which Debian made for Python 3.9, run on Python 3.11: `patch_14.py ODOO SITE_PACKAGES`.

Belongs here: what Odoo's own files lack, for calls over its interfaces. The web client is not meant to work.
"""

import sys
from pathlib import Path

# What Python 3.11 compiles plain expressions and functions to; Odoo allows none of what it does not know.
_OPCODES = (
    "RESUME", "CACHE", "PRECALL", "CALL", "PUSH_NULL", "KW_NAMES", "BINARY_OP", "SWAP", "COPY", "NOP", "FORMAT_VALUE",
    "BUILD_STRING", "MAKE_CELL", "COPY_FREE_VARS", "LOAD_CLOSURE", "LOAD_DEREF", "STORE_DEREF", "JUMP_BACKWARD",
    "POP_JUMP_FORWARD_IF_FALSE", "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_FORWARD_IF_NONE",
    "POP_JUMP_FORWARD_IF_NOT_NONE", "POP_JUMP_BACKWARD_IF_FALSE", "POP_JUMP_BACKWARD_IF_TRUE",
    "POP_JUMP_BACKWARD_IF_NONE", "POP_JUMP_BACKWARD_IF_NOT_NONE", "RETURN_GENERATOR", "PUSH_EXC_INFO",
    "CHECK_EXC_MATCH",
)  # fmt: skip
_ALLOWED = f"""_NEWER_OPCODES = set(to_opcodes({list(_OPCODES)!r})) - _BLACKLIST
for _allowed in (_CONST_OPCODES, _EXPR_OPCODES, _SAFE_OPCODES):
    _allowed.update(_NEWER_OPCODES)

_logger = logging.getLogger(__name__)
"""
_POSITIONS = """ast.fix_missing_locations(astmod)
        for node in ast.walk(astmod):
            if hasattr(node, 'lineno'):
                node.end_lineno = node.lineno
                node.col_offset = node.end_col_offset = 0
"""
# Names that Python took away, back before anything of Odoo is imported.
_ALIASES = """import collections
import collections.abc
import inspect

for name in collections.abc.__all__:
    setattr(collections, name, getattr(collections.abc, name))
inspect.getargspec = lambda function: inspect.getfullargspec(function)[:4]
"""
_REPLACED = {
    "odoo/tools/safe_eval.py": ("_logger = logging.getLogger(__name__)\n", _ALLOWED),
    "odoo/addons/base/models/qweb.py": ("ast.fix_missing_locations(astmod)\n", _POSITIONS),
}


def main(packages: Path, site_packages: Path) -> None:
    for name, (old, new) in _REPLACED.items():
        text = (packages / name).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise SystemExit(f"{name} of this Odoo 14 is another than the one that is known here.")
        (packages / name).write_text(text.replace(old, new), encoding="utf-8")
    (site_packages / "names_of_python39.py").write_text(_ALIASES, encoding="utf-8")
    (site_packages / "names_of_python39.pth").write_text("import names_of_python39\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

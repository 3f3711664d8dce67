"""Which packages the script of a rule can import, found without running it.

The imports of this project are often inside functions, so that a rule needs only what it uses. Starting from a script,
the code that it can reach is followed through the project's own modules: the body of each imported module, and each
function or class whose name reachable code mentions. A name counts as used even where it is only mentioned, so the
answer errs on the safe side. Of what is chosen at run time by its name as text, only ``find_spec("package")`` is seen.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Rule:
    """A rule of the workflow that runs one of the workflow's scripts, or calls it as a program."""

    name: str
    conda: str
    script: str

    @property
    def script_path(self) -> Path:
        return REPO / "workflow_scripts" / f"{self.script}.py"


def rules_of(folder: Path = REPO / "rules") -> list[Rule]:
    """Every rule with a script or program of the workflow, read from the ``.smk`` files."""
    found = []
    for path in sorted(folder.glob("*.smk")):
        _, *parts = re.split(r"^(?:rule|checkpoint) +(\w+) *:", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            script = re.search(r'(?:"\.\./workflow_scripts/|"workflow_scripts" / ")(\w+)\.py"', body)
            conda = re.search(r'^ +conda:\s*"\.\./envs/(\w+)\.yaml"', body, re.MULTILINE)
            if script:
                found.append(Rule(name, conda.group(1) if conda else "", script.group(1)))
    return found


@dataclass(frozen=True)
class Module:
    """A module of this project: its code and what its names stand for."""

    name: str
    path: Path

    @cached_property
    def body(self) -> list[ast.stmt]:
        return ast.parse(self.path.read_text(encoding="utf-8"), self.path).body

    @cached_property
    def definitions(self) -> dict[str, ast.AST]:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return {node.name: node for node in self.body if isinstance(node, kinds)}

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """What runs when the module is imported; the definitions only when somebody uses them."""
        return [node for node in self.body if node not in self.definitions.values()]


@cache
def find_module(name: str, repo: Path) -> Module | None:
    """The module of the project with a dotted name, as a script of a rule finds it."""
    for root in (repo / "workflow_scripts", repo):
        base = root.joinpath(*name.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return Module(name, path)
    return None


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes, without code for type checkers and imports that the code can do without."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Try):
        catching = [handler for handler in node.handlers if handler.type and "ImportError" in ast.unparse(handler.type)]
        if any(not isinstance(inner, ast.Raise) for handler in catching for inner in handler.body[-1:]):
            return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from walk(child)


def bindings_of(nodes: list[ast.AST], module: Module, repo: Path) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """Names bound by imports, as (module, name in it or ""), and the dotted names of all imported modules."""
    names: dict[str, tuple[str, str]] = {}
    imported: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported.add(alias.name)
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0],
                    "",
                )
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                parents = module.name.split(".")[: -node.level]
                source = ".".join([*parents, *filter(None, [node.module])])
            imported.add(source)
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                if find_module(inner, repo):
                    imported.add(inner)
                    names[alias.asname or alias.name] = (inner, "")
                else:
                    names[alias.asname or alias.name] = (source, alias.name)
    return names, imported


@cache
def third_party_imports(script: Path, repo: Path = REPO) -> frozenset[str]:
    """Top-level names of the packages outside the project and Python that a script can import."""
    start = Module(script.stem, script)
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    # a definition's name, or "" for what runs at the import
    waiting: list[tuple[Module, str]] = [(start, ""), *((start, name) for name in start.definitions)]
    while waiting:
        module, name = waiting.pop()
        if (module.name, name) in seen:
            continue
        seen.add((module.name, name))
        of_module = [node for statement in module.statements for node in walk(statement)]
        names, _ = bindings_of(of_module, module, repo)
        nodes = list(walk(module.definitions[name])) if name in module.definitions else of_module
        if name and name not in module.definitions:
            if name in names:  # imported there from elsewhere
                source = find_module(names[name][0], repo)
                waiting += [(source, names[name][1])] if source else []
            continue
        inner, imported = bindings_of(nodes, module, repo)
        names |= inner
        for dotted in imported:
            parts = dotted.split(".")
            if not find_module(parts[0], repo):
                found.add(parts[0])
            for end in range(1, len(parts) + 1):
                if local := find_module(".".join(parts[:end]), repo):
                    waiting.append((local, ""))
        for node in nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("find_spec"):
                found |= {str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant)}
            if isinstance(node, ast.Name):
                target = names.get(node.id, (module.name, node.id))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
                package, attribute = names[node.value.id]
                target = (package, attribute or node.attr)
            else:
                continue
            local = module if target[0] == module.name else find_module(target[0], repo)
            if local and target[1]:
                waiting.append((local, target[1]))
    return frozenset(found - sys.stdlib_module_names)


if __name__ == "__main__":
    for rule in rules_of():
        print(f"{rule.conda:<10} {rule.name:<18}", *sorted(third_party_imports(rule.script_path)))

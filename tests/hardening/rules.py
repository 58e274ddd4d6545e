"""Rules about the source that no linter of ours has: each finds the lines that break it."""

import ast
import re
from collections.abc import Callable, Iterator

Rule = Callable[[ast.AST], bool]
SECRET = re.compile(r"(secret|token|password|digest|signature|hash|code)$", re.IGNORECASE)
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|ALTER|DROP|CREATE|PRAGMA)\s")
SHELLS = {"run", "Popen", "call", "check_call", "check_output", "getoutput", "system", "popen"}
SESSIONS = {"session", "db.session"}
AT_ONCE = {"gather", "create_task", "ensure_future"}


def find_breaks(source: str, rule: Rule) -> list[int]:
    """Return the lines that break *rule*."""
    return sorted({node.lineno for node in ast.walk(ast.parse(source)) if rule(node)})  # type: ignore[attr-defined]


def name(node: ast.AST) -> str:
    """Return `a.b` of a name or an attribute, and what is called of a call."""
    if isinstance(node, ast.Call):
        return name(node.func)
    if isinstance(node, ast.Attribute):
        return f"{name(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and (
        name(node) in names or name(node).rpartition(".")[2] in names
    )


def is_constant(node: ast.AST) -> bool:
    """Tell whether a text is written down as it is; a class of SQLAlchemy's or a name is not."""
    if isinstance(node, ast.BinOp):
        return is_constant(node.left) and is_constant(node.right)
    return isinstance(node, ast.Constant)


def is_built(node: ast.AST) -> bool:
    """Tell whether a text is put together of parts that may be anything."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return not is_constant(node)
    return calls(node, "format", "join", "replace") and isinstance(node.func, ast.Attribute)  # type: ignore[attr-defined]


def starts_as_sql(node: ast.AST) -> bool:
    first = node
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    while isinstance(first, ast.BinOp):
        first = first.left
    return (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and SQL.match(first.value) is not None
    )


# --- the rules


def builds_text(node: ast.AST) -> bool:
    """`text()` of what is put together."""
    return calls(node, "text", "exec_driver_sql", "literal_column") and any(
        is_built(one)
        for one in node.args  # type: ignore[attr-defined]
    )


def builds_sql(node: ast.AST) -> bool:
    """A statement that is put together of texts, wherever it goes."""
    return isinstance(node, ast.JoinedStr | ast.BinOp) and is_built(node) and starts_as_sql(node)


def shares_session(node: ast.AST) -> bool:
    """One session in several tasks at once."""
    if not calls(node, *AT_ONCE):
        return False
    given = [one for arg in node.args for one in ast.walk(arg)]  # type: ignore[attr-defined]
    return any(name(one) in SESSIONS for one in given if isinstance(one, ast.Name | ast.Attribute))


def swallows_all(node: ast.AST) -> bool:
    """A bare `except`, or one of all exceptions that does nothing."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    of_all = node.type is None or name(node.type) in ("Exception", "BaseException")
    idle = all(isinstance(one, ast.Pass | ast.Continue) for one in node.body)
    return node.type is None or (of_all and idle)


def suppresses_all(node: ast.AST) -> bool:
    return calls(node, "suppress") and any(
        name(one) in ("Exception", "BaseException")
        for one in node.args  # type: ignore[attr-defined]
    )


def marks_up(node: ast.AST) -> bool:
    """`Markup` of what is not written down."""
    return calls(node, "Markup") and any(not is_constant(one) for one in node.args)  # type: ignore[attr-defined]


def asks_a_shell(node: ast.AST) -> bool:
    if not calls(node, *SHELLS):
        return False
    keywords = {one.arg: one.value for one in node.keywords}  # type: ignore[attr-defined]
    shell = keywords.get("shell")
    is_shell = shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False)
    return is_shell or name(node) in ("os.system", "os.popen", "subprocess.getoutput")


def verifies_nothing(node: ast.AST) -> bool:
    """`verify=False`, `ssl=False`, and a context that checks no certificate."""
    if isinstance(node, ast.keyword):
        off = isinstance(node.value, ast.Constant) and node.value.value is False
        return off and node.arg in (
            "verify",
            "verify_ssl",
            "ssl",
            "check_hostname",
            "validate_certs",
        )
    return name(node) in ("ssl._create_unverified_context", "ssl.CERT_NONE")


def takes_naive_time(node: ast.AST) -> bool:
    if calls(node, "utcnow", "utcfromtimestamp") and name(node).startswith("datetime."):
        return True
    if not calls(node, "datetime.now", "datetime.datetime.now", "datetime.fromtimestamp"):
        return False
    given = [*node.args, *(one for one in node.keywords if one.arg == "tz")]  # type: ignore[attr-defined]
    return len(given) < (2 if name(node).endswith("fromtimestamp") else 1)


def rolls_dice(node: ast.AST) -> bool:
    """Chance that can be guessed."""
    return isinstance(node, ast.Call) and name(node).startswith("random.")


def compares_secrets(node: ast.AST) -> bool:
    """`==` takes longer, the more of a guess is right."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return False
    sides = [node.left, node.comparators[0]]
    if any(isinstance(one, ast.Constant) for one in sides):
        return False
    names = [name(one) for one in sides if not isinstance(one, ast.Call)]
    if any(re.match("[A-Z]", one) for one in names):
        return False  # a column, which the database compares, or a constant
    return any(SECRET.search(one) for one in names)


def loads_anything(node: ast.AST) -> bool:
    """What reads data and may run it."""
    names = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "eval", "exec", "marshal.loads"}
    loads = name(node) in names and isinstance(node, ast.Call)
    if isinstance(node, ast.Import):
        return any(one.name in ("pickle", "shelve", "marshal", "dill") for one in node.names)
    return loads or (isinstance(node, ast.ImportFrom) and node.module in ("pickle", "shelve"))


def redirects_anywhere(node: ast.AST) -> bool:
    """A redirect to what the request says, unless `find_next` has found it to be ours."""
    if not calls(node, "redirect"):
        return False
    args = [arg for arg in node.args if name(arg) != "find_next"]  # type: ignore[attr-defined]
    given = [one for arg in args for one in ast.walk(arg)]
    asked = {name(one) for one in given if isinstance(one, ast.Attribute | ast.Call)}
    return any(
        re.match(r"request\.(args|form|values|referrer|headers|url|cookies)", one) for one in asked
    )


def find_unescaped(template: str) -> Iterator[str]:
    """Return what a template shows as it is."""
    yield from re.findall(
        r"\{[{%][^}]*\|\s*safe\b[^}]*[}%]\}|\{%-?\s*autoescape false[^}]*\}", template
    )


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        *(builds_text, builds_sql, shares_session, swallows_all, suppresses_all, marks_up),
        *(asks_a_shell, verifies_nothing, takes_naive_time, rolls_dice, compares_secrets),
        *(loads_anything, redirects_anywhere),
    )
}

"""Which small changes of the code no test notices: `python -m tests.hardening.mutate [MODULE ...]`.

cosmic-ray makes the changes, in a copy of what is committed, and runs the module's near tests for
each. It is no dependency of ours: `--cosmic-ray` names the folder of its programs, those of an
environment of its own. A module takes 5 to 20 minutes; what was found of those that are given goes
to `docs/evidence/mutation.json`.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "docs" / "evidence" / "mutation.json"
WANTED = 0.8  # of the changes, of each module
TIMEOUT = 180  # s for the tests of one change: what hangs is noticed as well
# What keeps strangers out, and work from being done twice; the tests that are to notice.
NEAR = {
    "quartapp/services/session.py": [
        "tests/services/test_session.py",
        "tests/services/test_session_secrets.py",
        "tests/services/test_session_list.py",
    ],
    "quartapp/models/rights.py": ["tests/models/test_rights.py"],
    "quartapp/auth/csrf.py": ["tests/auth/test_csrf.py"],
    "quartapp/auth/origin.py": ["tests/auth/test_csrf.py", "tests/auth/test_sockets.py"],
    "quartapp/models/address.py": ["tests/models/test_address.py"],
    "quartapp/monitoring/guard.py": ["tests/monitoring/test_guard.py"],
    "quartapp/services/claim.py": [
        "tests/services/test_claim.py",
        "tests/services/test_claim_one.py",
        "tests/services/test_claim_share.py",
        "tests/services/test_claim_time.py",
    ],
    "quartapp/services/idempotency.py": [
        "tests/services/test_idempotency.py",
        "tests/api/test_idempotency.py",
    ],
    "quartapp/api/idempotency.py": ["tests/api/test_idempotency.py"],
    "quartapp/services/token.py": ["tests/services/test_token.py"],
    "quartapp/services/link.py": ["tests/services/test_link.py"],
}
# Where other databases are told more than SQLite is: they judge what its tests do not notice.
SERVED = {"quartapp/services/claim.py"}
# An operator that makes no sense there is noticed by anything, and proves nothing; of types, by
# nothing that runs.
TRIFLES = [
    r"core/ReplaceBinaryOperator_(?!Add_Sub$|Sub_Add$|Mult_Div$|Div_Mult$|Mod_Add$).*",
    r"core/ReplaceUnaryOperator_(?!Delete_Not$).*",
]


@dataclass
class Score:
    noticed: int = 0
    missed: list[str] = field(default_factory=list)  # the changes, as their lines of a diff

    @property
    def share(self) -> float:
        return self.noticed / ((self.noticed + len(self.missed)) or 1)


def write_command(only: str, tests: list[str]) -> str:
    options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-k", only]
    return shlex.join([sys.executable, "-m", "pytest", *options, *tests])


def write_tests(module: str) -> str:
    command = write_command("not postgres and not mariadb", NEAR[module])
    if module not in SERVED:
        return command
    served = write_command("postgres or mariadb", NEAR[module])
    return shlex.join(["sh", "-c", f"{command} && {served}"])


def write_plan(folder: Path, module: str) -> Path:
    plan = folder / "plan.toml"
    plan.write_text(
        "[cosmic-ray]\n"
        f"module-path = {json.dumps(module)}\n"
        f"timeout = {TIMEOUT}\n"
        "excluded-modules = []\n"
        f"test-command = {json.dumps(write_tests(module))}\n"
        '[cosmic-ray.distributor]\nname = "local"\n'
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(TRIFLES)}\n"
    )
    return plan


def mutate(programs: Path, copy: Path, module: str) -> Score:
    """Return what the module's near tests notice; they have to pass as it is."""
    plan, session = write_plan(copy.parent, module), copy.parent / f"{Path(module).stem}.sqlite"
    session.unlink(missing_ok=True)
    warm(copy, module)
    for command in (
        ["cosmic-ray", "init", plan, session],
        ["cr-filter-operators", session, plan],
        ["cosmic-ray", "exec", plan, session],
    ):
        subprocess.run([programs / command[0], *command[1:]], cwd=copy, check=True)
    dump = [programs / "cosmic-ray", "dump", session]
    lines = subprocess.run(dump, cwd=copy, check=True, capture_output=True, text=True).stdout
    return judge(json.loads(line) for line in lines.splitlines())


def warm(copy: Path, module: str) -> None:
    """Run the tests as they are; what is compiled meanwhile spares each change half of its time."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(shlex.split(write_tests(module)), cwd=copy, env=env, check=True)


def judge(changes: Any) -> Score:
    score = Score()
    for _, result in changes:
        if result["worker_outcome"] == "skipped":
            continue  # a trifle
        if result["test_outcome"] == "killed":
            score.noticed += 1
        elif result["test_outcome"] == "survived":
            lines = [line for line in result["diff"].splitlines() if line[:1] in ("-", "+")]
            score.missed.append("\n".join(lines[3:]))  # behind a title and the names of the file
        else:
            raise RuntimeError(f"This change was not judged: {result}")
    return score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=list(NEAR))
    parser.add_argument("--cosmic-ray", type=Path, required=True, help="the folder of its programs")
    options = parser.parse_args()
    kept: dict[str, Any] = json.loads(EVIDENCE.read_text()) if EVIDENCE.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        subprocess.run(["git", "clone", "-q", ROOT, copy], check=True)
        for module in options.modules:
            score = mutate(options.cosmic_ray, copy, module)
            kept[module] = {"share": round(score.share, 3), **asdict(score)}
            EVIDENCE.write_text(json.dumps(kept, indent=1) + "\n")
            print(f"{module}: {score.share:.0%} noticed, {len(score.missed)} missed", flush=True)
    sys.exit(any(kept[module]["share"] < WANTED for module in options.modules))


if __name__ == "__main__":
    main()

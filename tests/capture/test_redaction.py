"""Secrets stay off the disk: the shapes of the field's known leaks."""

from __future__ import annotations

import pytest

from peira.capture.environment import environment
from peira.capture.redaction import (
    is_secret_file,
    is_secret_name,
    redact,
    redact_arguments,
    redact_source,
    redact_url,
)

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
KEY = "-----BEGIN PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END PRIVATE KEY-----"
# Ten shapes of a secret in the environment: (variable, value, what must not be stored).
VARIABLES = [
    ("MY_PASS", "hunter2", "hunter2"),
    ("DB_PASSWORD", "correct horse", "horse"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
    ("WANDB_API_KEY", "0123456789abcdef0123456789abcdef01234567", "0123456789abcdef"),
    ("DATABASE_URL", "postgres://ada:pa/ss@db.example:5432/x", "pa/ss"),
    ("A", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("B", "ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_0123456789"),
    ("C", "sk-proj-abcDEF0123456789abcDEF0123456789", "abcDEF0123456789"),
    ("D", "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "hf_abcdef"),
    ("E", f"x={JWT}", "eyJzdWIi"),
    ("F", KEY, "b3Blbn"),
]
COMMANDS = [
    (["--api-key", "s3cr3t"], ["--api-key", "[redacted]"]),
    (["--token=s3cr3t"], ["--token=[redacted]"]),
    (["--db", "mysql://root:s3cr3t@h/x"], ["--db", "mysql://[redacted]@h/x"]),
    (["db.password=s3cr3t"], ["db.password=[redacted]"]),
    (["+model.hub_token=s3cr3t"], ["+model.hub_token=[redacted]"]),
    (["MY_PASS=s3cr3t"], ["MY_PASS=[redacted]"]),
    (["--wandb-key", "s3cr3t"], ["--wandb-key", "[redacted]"]),
    (["OPENAI_KEY=s3cr3t"], ["OPENAI_KEY=[redacted]"]),
    (["-c", "os.environ['TOKEN'] = 's3cr3t'"], ["-c", "os.environ['TOKEN'] = '[redacted]'"]),
    (["-H", "Authorization: Bearer s3cr3ts3cr3t"], ["-H", "Authorization: [redacted]"]),
    (['{"api_key": "s3cr3t", "lr": 1}'], ['{"api_key": "[redacted]", "lr": 1}']),
    (["https://h/x?sig=s3cr3t&n=1"], ["https://h/x?sig=[redacted]&n=1"]),
    (["python x.py --password s3cr3t --lr 1"], ["python x.py --password [redacted] --lr 1"]),
]


@pytest.mark.parametrize(("name", "value", "secret"), VARIABLES)
def test_no_secret_of_the_environment_is_recorded(name: str, value: str, secret: str) -> None:
    """A variable outside the allow list is not recorded; a listed one only without its secret."""
    assert environment((), {name: value}) == {"variables": {}}
    assert secret not in str(environment((name,), {name: value}))


def test_terraform_is_not_tensorflow() -> None:
    """Variables of another program that share a prefix stay private."""
    given = {"TF_VAR_db": "x", "TF_CLI_ARGS": "y", "TF_DETERMINISTIC_OPS": "1"}
    assert environment((), given) == {"variables": {"TF_DETERMINISTIC_OPS": "1"}}


def test_the_whole_environment_is_never_recorded() -> None:
    """A lone star among the extra names is not taken as everything."""
    assert environment(("*",), {"HOME_MADE": "1", "OMP_NUM_THREADS": "2"}) == {
        "variables": {"OMP_NUM_THREADS": "2"}
    }


@pytest.mark.parametrize(("given", "stored"), COMMANDS)
def test_secrets_of_a_command_line_are_redacted(given: list[str], stored: list[str]) -> None:
    """The value goes, the name stays, so that the command can still be read."""
    assert redact_arguments(["train.py", *given]) == ["train.py", *stored]


@pytest.mark.parametrize(
    "arguments",
    [
        ["train.py", "--lr", "1e-3", "--max-tokens", "512", "--pad-token", "<pad>"],
        ["-m", "pkg.train", "key=42", "sort_key=name", "n_pass=2", "tokenizer=bpe", "a:b"],
        ["scp", "git@github.com:a/b.git", "ssh://git@h/x", "https://host:8080/a@v1", "12:30"],
        ["--data", "/mnt/data/author/passage.txt", "model=sk-learn", "x==y", "--key", "3"],
    ],
)
def test_ordinary_arguments_stay_as_they_are(arguments: list[str]) -> None:
    """Redaction does not eat the vocabulary of machine learning."""
    assert redact_arguments(arguments) == arguments


def test_a_flag_before_an_option_hides_nothing_else() -> None:
    """After a secret's name an option is an option, not the secret."""
    assert redact_arguments(["--use-auth", "--lr", "1"]) == ["--use-auth", "--lr", "1"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://ada:s3cr3t@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://ghp_0123456789abcdefghij@github.com/a/b", "https://github.com/a/b"),
        ("ssh://git@github.com/a/b.git", "ssh://git@github.com/a/b.git"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("git+https://x-access-token:s3cr3t@h/a@main", "git+https://h/a@main"),
        ("https://u:p/w@h/a?token=s3cr3t", "https://h/a?token=[redacted]"),
    ],
)
def test_a_remote_is_stored_without_credentials(given: str, stored: str) -> None:
    """What is left of an address leads to the same place."""
    assert redact_url(given) == stored


def test_source_code_keeps_its_meaning() -> None:
    """In a diff only literals and known shapes are taken out, not names of variables."""
    text = '+token = tokenizer(text)\n+api_key = "abcdef"\n+cfg["password"] = \'x1\'\n'
    assert redact_source(text) == (
        '+token = tokenizer(text)\n+api_key = "[redacted]"\n+cfg["password"] = \'[redacted]\'\n'
    )


def test_a_name_behind_a_name_is_read_for_itself() -> None:
    """In YAML, and in messages, what follows the first name is the next one."""
    assert redact("db:\n  password: s3cr3t\n  user: ada\n") == (
        "db:\n  password: [redacted]\n  user: ada\n"
    )
    assert redact("error: password: s3cr3t") == "error: password: [redacted]"
    assert redact('x: "token": "s3cr3t"') == 'x: "token": "[redacted]"'
    assert redact("--verbose --token s3cr3t") == "--verbose --token [redacted]"
    assert redact("hub:\n  use_auth_token: true\n") == "hub:\n  use_auth_token: true\n"


def test_redaction_is_stable() -> None:
    """Redacted text goes through again unchanged."""
    text = " ".join(v for _, v, _ in VARIABLES) + " --token=a PASSWORD='b c' https://u:p@h/"
    assert redact(redact(text)) == redact(text)


def test_redaction_is_quick_on_hostile_text() -> None:
    """No text makes the patterns go quadratic: a long one is done in well under a second."""
    import time

    begin = time.perf_counter()
    for text in ("a" * 200_000, "--" * 50_000, "a://" * 30_000, "x='" * 40_000, "k: " * 40_000):
        redact(text)
        redact_source(text)
    assert time.perf_counter() - begin < 5


def test_secret_names_and_files_are_known() -> None:
    """Names by their words, files by their name; code stays in the diff."""
    assert all(map(is_secret_name, ("HF_TOKEN", "apiKey", "my-secret", "client_secret", "PGPASS")))
    assert not any(map(is_secret_name, ("author", "compass", "keyboard", "token_ids", "passes")))
    assert all(map(is_secret_file, (".env", "a/.env.local", "id_rsa", "x.pem", "conf/token.txt")))
    assert not any(map(is_secret_file, ("train.py", "src/auth.py", "environment.yml", "a.txt")))

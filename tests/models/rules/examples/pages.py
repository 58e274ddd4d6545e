"""Examples of what pages hold and tell."""

from tests.models.rules.looks import HTTP, Examples, csp, power, see

CDN = "https://cdn.other.net/x.js"
PAGES: Examples = {
    "mixed-active": (
        [
            see("<script src='http://a.example/x.js'></script>"),
            see("<form action=HTTP://a.example/><iframe src=http://b.example>"),
            see("<base href=http://a.example/><link rel=stylesheet href=x.css>"),
        ],
        [
            see("<script src=//a.example/x.js></script><script src=/x.js></script>"),
            see("<script src=http://a.example/x.js></script>", url=HTTP),
            see("<a href=http://a.example/>"),
            see("<link rel=canonical href=http://a.example/>"),
            see("<!-- <script src=http://a.example/x.js></script> -->"),
            see("<p title='<script src=http://a.example/x.js>'>"),
            csp("upgrade-insecure-requests", "<script src=http://a.example/x.js></script>"),
        ],
    ),
    "mixed-passive": (
        [see("<img src=http://a.example/x.png>"), see("<video poster='http://a.example/x.png'>")],
        [
            see("<img src=https://a.example/x.png>"),
            see("<img src=http://localhost/x.png>"),
            see("<script>'<img src=http://a.example/x.png>'</script>"),
            see("<img src='http://[x'>"),
        ],
    ),
    "sri-missing-script": (
        [see(f"<script src={CDN}></script>"), see("<script src=//cdn.other.net/x.js?1></script>")],
        [
            see(f"<script src={CDN} integrity=sha384-a></script>"),
            see("<script src=https://static.example.com/x.js></script>"),
            see("<script src=https://js.stripe.com/v3/></script>"),
            see("<script>1</script>"),
            see(f"<script src={CDN}></script>", content_type="text/plain"),
        ],
    ),
    "sri-missing-style": (
        [
            see("<link rel=stylesheet href=https://cdn.other.net/x.css>"),
            see("<link rel='alternate StyleSheet' href=//cdn.other.net/x.css>"),
        ],
        [
            see("<link rel=icon href=https://cdn.other.net/x.css>"),
            see("<link rel=stylesheet href=x.css>"),
            see("<link rel=stylesheet href=https://fonts.googleapis.com/css2>"),
            see("<link rel=stylesheet href=https://cdn.other.net/x.css integrity=sha256-a>"),
        ],
    ),
    "password-over-http": (
        [see("<input type=password>", url=HTTP), see("<INPUT TYPE='Password'>", url=HTTP)],
        [
            see("<input type=password>"),
            see("<input type=text>", url=HTTP),
            see("<input type=password>", url="http://localhost/"),
        ],
    ),
    "form-to-foreign-http": (
        [
            see("<form method=post action=http://other.net/>", url=HTTP),
            see("<form method=POST action=//other.net/>", url=HTTP),
        ],
        [
            see("<form method=post action=https://other.net/>", url=HTTP),
            see("<form action=http://other.net/>", url=HTTP),
            see("<form method=post action=/x>", url=HTTP),
        ],
    ),
}
SHOWN: Examples = {
    "server-version-shown": (
        [see(server="nginx/1.18.0"), see(status=500, server="Apache/2.4.41 (Ubuntu)")],
        [see(server="nginx"), see(server="ECS (nyb/1D2E)"), see(server="hypercorn-h11")],
    ),
    "framework-version-shown": (
        [power("PHP/8.1.2"), power("Phusion Passenger 6.0.4"), see(x_aspnet_version="4.0.30319")],
        [power("Express"), power("ASP.NET"), see(x_generator="Drupal 10 (https://drupal.org)")],
    ),
    "generator-version-shown": (
        [
            see("<meta name=generator content='WordPress 6.4.2'>"),
            see("<META NAME=Generator CONTENT='Hugo 0.120.4'>"),
        ],
        [
            see("<meta name=generator content='Joomla! - Open Source'>"),
            see("<meta name=description content='WordPress 6.4.2'>"),
            see("<meta name=generator content='WordPress 6.4.2'>", status=404),
        ],
    ),
}
TRACE = "<pre>Traceback (most recent call last):</pre>"
DJANGO = "You're seeing this error because you have <code>DEBUG = True</code>"
PHP = "<b>Warning</b>:  mysqli in <b>/srv/a.php</b> on line <b>3</b>"
LEFT: Examples = {
    "directory-listed": (
        [
            see("<title>Index of /files</title><a href=a>"),
            see("<title>Directory listing for /</title><a href=a>"),
        ],
        [
            see("<title>Index of /</title>"),
            see("<title>Our Index of / things</title><a href=a>"),
            see("<p>Index of /<a href=a>"),
        ],
    ),
    "default-page": (
        [
            see("<title>Welcome to nginx!</title>"),
            see("<title>Apache2 Ubuntu Default Page: It works</title>"),
        ],
        [
            see("<title>Why you see Welcome to nginx!</title>"),
            see("<p>Welcome to nginx!"),
            see("<title>Welcome to nginx!</title>", status=404),
        ],
    ),
    "debug-console": (
        [
            see("<title>KeyError // Werkzeug Debugger</title>", status=500),
            see("<script>EVALEX = true</script>", status=500),
        ],
        [see("// Werkzeug Debugger"), see("Oops", status=500), see(status=404)],
    ),
    "debug-page": (
        [see(DJANGO, status=404), see('<div class="Whoops container">', status=500)],
        [see(DJANGO), see("Oops", status=500), see(DJANGO, status=500, content_type="text/plain")],
    ),
    "stack-trace-shown": (
        [
            see(TRACE, status=500),
            see("at org.a.B.c(B.java:12)", status=500),
            see("<h3>Apache Tomcat/9.0.1</h3>", status=404),
        ],
        [see(TRACE), see("<h1>Apache Tomcat</h1>", status=404), see("Oops", status=500)],
    ),
    "php-error-shown": (
        [see(PHP), see(f"<p>{PHP.replace('Warning', 'Notice')}")],
        [
            see("&lt;b&gt;Warning&lt;/b&gt;:  a in <b>/a.php</b> on line <b>3</b>"),
            see("<b>Warning</b>: in <b>May</b>"),
            see("<b>Error</b>: in <b>/a.php</b> on line <b>3</b>"),
        ],
    ),
}

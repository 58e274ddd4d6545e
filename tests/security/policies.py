"""What a policy comes to, for everybody who asks and everything they may ask for."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SOCKET = ("OPEN", "SAY")  # the handshake, and a message that is kept
READERS = ("read", "admin-read")  # whose token may not be used for more

# Who asks: people by cookie; `other` is an editor, and asks for what is the owner's; `stale` is an
# editor whose password was given long ago; then editors' tokens by scope, an administrator's with
# the scope admin (`full`) and with less, an administrator whose password was given long ago, and a
# token that was revoked.
# What they ask for: their own, another's, what is not there, what another has made public.
# yes: done or shown. login: a page leads there, the API answers 401. confirm: a page asks for the
# password again, the API answers 403. no: 403. none: 404. void: 400. Anything else is a status.
# `yes/none` is what comes of looking and of changing.
POLICIES = """
policy     object  anonymous viewer owner other admin disabled stale   read    write   full    admin-read admin-write admin-stale  revoked
anyone     -       yes       yes    yes   yes   yes   yes      yes     yes     yes     yes     yes        yes         yes          yes
login      -       yes       yes    yes   yes   yes   422      yes     yes     yes     yes     yes        yes         yes          yes
exchange   -       yes       yes    yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          yes
setup      -       void      void   void  void  void  void     void    void    void    void    void       void        void         void
logout     -       login     login  login login login login    login   login   login   login   login      login       login        login
signed-in  -       login     yes    yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
fresh      -       login     yes    yes   yes   yes   login    confirm confirm confirm confirm confirm    confirm     confirm      login
personal   -       login     yes    yes   yes   yes   login    confirm yes     yes     yes     yes        yes         confirm      login
leave      -       login     login  login login 409   login    confirm confirm confirm confirm confirm    confirm     confirm      login
editor     -       login     no     yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
boss       -       login     no     no    no    yes   login    no      no      no      yes     yes        yes         yes          login
boss       own     login     no     no    no    yes   login    no      no      no      yes     yes        yes         yes          login
boss       foreign login     no     no    no    yes   login    no      no      no      yes     yes        yes         yes          login
boss       missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
admin      -       login     no     no    no    yes   login    no      no      no      yes     no         no          yes/confirm  login
admin      own     login     no     no    no    yes   login    no      no      no      yes     no         no          yes/confirm  login
admin      foreign login     no     no    no    yes   login    no      no      no      yes     no         no          yes/confirm  login
admin      missing login     no     no    no    none  login    no      no      no      none    no         no          none/confirm login
seen       own     login     yes    yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
seen       foreign login     yes    yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
seen       public  login     yes    yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
seen       missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
comment    own     login     no     yes   yes   yes   login    yes     no      yes     yes     no         yes         yes          login
comment    foreign login     no     yes   yes   yes   login    yes     no      yes     yes     no         yes         yes          login
comment    public  login     no     yes   yes   yes   login    yes     no      yes     yes     no         yes         yes          login
comment    missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
handler    own     login     no     yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
handler    foreign login     no     yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
handler    public  login     no     yes   yes   yes   login    yes     yes     yes     yes     yes        yes         yes          login
handler    missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
nobodys    -       login     no     none  none  none  login    none    none    none    none    none       none        none         login
nothing    -       login     no     none  none  none  login    none    no      none    none    no         none        none         login
owned      own     login     no     yes   no    yes   login    yes     yes     yes     yes     yes        yes         yes          login
owned      foreign login     no     no    no    yes   login    no      no      no      yes     yes        yes         yes          login
owned      public  login     no     no    no    yes   login    no      no      no      yes     yes        yes         yes          login
owned      missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
unlearned  own     login     no     409    no    409   login    409     409     409     409     409        409         409          login
unlearned  foreign login     no     no    no    409   login    no      no      no      409     409        409         409          login
unlearned  public  login     no     no    no    409   login    no      no      no      409     409        409         409          login
unlearned  missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
credential own     login     yes    yes   none  yes   login    yes     yes     yes     yes     yes        yes         yes          login
credential foreign login     none   none  none  yes   login    none    none    none    yes     none       none        yes/none     login
credential missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
proven     own     login     yes    yes   none  yes   login    confirm yes     yes     yes     yes        yes         confirm      login
proven     foreign login     none   none  none  yes   login    confirm none    none    yes     none       none        confirm      login
proven     missing login     none   none  none  none  login    confirm none    none    none    none       none        confirm      login
public     own     none      none   none  none  none  none     none    none    none    none    none       none        none         none
public     foreign none      none   none  none  none  none     none    none    none    none    none       none        none         none
public     public  yes       yes    yes   yes   yes   yes      yes     yes     yes     yes     yes        yes         yes          yes
public     missing none      none   none  none  none  none     none    none    none    none    none       none        none         none
addressed  -       login     409    409   409   409   login    409     409     409     409     409        409         409          login
private    own     login     yes    yes   none  yes   login    yes     yes     yes     yes     yes        yes         yes          login
private    foreign login     none   none  none  none  login    none    none    none    none    none       none        none         login
private    missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
webhook    own     login     no     yes   none  yes   login    yes     yes     yes     yes     yes        yes         yes          login
webhook    foreign login     none   none  none  none  login    none    none    none    none    none       none        none         login
webhook    missing login     none   none  none  none  login    none    none    none    none    none       none        none         login
in-order   own     login     yes    yes   none  yes   login    confirm confirm confirm confirm confirm    confirm     confirm      login
in-order   foreign login     none   none  none  yes   login    confirm confirm confirm confirm confirm    confirm     confirm      login
in-order   missing login     none   none  none  none  login    confirm confirm confirm confirm confirm    confirm     confirm      login
unasked    -       login     void   void  void  void  login    confirm confirm confirm confirm confirm    confirm     confirm      login
factor     -       login     409    409   409   409   login    confirm confirm confirm confirm confirm    confirm     confirm      login
adminfresh -       login     no     no    no    yes   login    no      no      no      confirm no         no          confirm      login
demote     own     login     no     no    no    409   login    no      no      no      yes     no         no          confirm      login
demote     foreign login     no     no    no    yes   login    no      no      no      yes     no         no          confirm      login
demote     missing login     no     no    no    none  login    no      no      no      none    no         no          confirm      login
forget     own     login     no     no    no    none  login    no      no      no      none    no         no          confirm      login
forget     foreign login     no     no    no    none  login    no      no      no      none    no         no          confirm      login
forget     missing login     no     no    no    none  login    no      no      no      none    no         no          confirm      login
"""  # noqa: E501


def read_policies(table: str) -> dict[tuple[str, str, str], str]:
    """Return what becomes of each policy, object and asker."""
    (_, _, *askers), *rows = (line.split() for line in table.strip().splitlines())
    return {
        (policy, thing, asker): outcome
        for policy, thing, *outcomes in rows
        for asker, outcome in zip(askers, outcomes, strict=True)
    }


EXPECTED = read_policies(POLICIES)

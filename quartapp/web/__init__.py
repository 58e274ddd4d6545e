"""The HTML face."""

from quart import Quart

from quartapp.auth import load_user, refuse_foreign_form
from quartapp.log import request_id
from quartapp.models.incident import write_impact, write_note_state
from quartapp.models.rights import (
    may_add_entity,
    may_comment,
    may_edit_comment,
    may_edit_entity,
    may_edit_groups,
    may_handle_bugs,
    may_settle_tampers,
    may_write_incidents,
)
from quartapp.models.status import find_since, write_headline, write_state
from quartapp.models.usability import write_length
from quartapp.web import (
    account,
    admin,
    auth,
    bug,
    channel,
    comment,
    dashboard,
    entity,
    group,
    incident,
    maintenance,
    passkey,
    second_factor,
    static,
    status,
    tamper,
    usability,
)
from quartapp.web.moment import Moment

BLUEPRINTS = (
    dashboard.bp,
    auth.bp,
    auth.link_bp,
    second_factor.bp,
    passkey.bp,
    account.bp,
    channel.bp,
    admin.bp,
    entity.bp,
    comment.bp,
    usability.bp,
    bug.bp,
    maintenance.bp,
    group.bp,
    incident.bp,
    tamper.bp,
)


# Of the status pages nobody asks who reads them: they are the same for everybody.
for blueprint in BLUEPRINTS:
    blueprint.before_request(refuse_foreign_form)
    blueprint.before_request(load_user)


def init_app(app: Quart) -> None:
    static.init_app(app)
    app.add_template_global(request_id.get, "request_id")
    app.add_template_global(Moment, "moment")
    app.add_template_global(may_add_entity)
    app.add_template_global(may_comment)
    app.add_template_global(may_edit_comment)
    app.add_template_global(may_edit_entity)
    app.add_template_global(may_edit_groups)
    app.add_template_global(may_handle_bugs)
    app.add_template_global(may_settle_tampers)
    app.add_template_global(may_write_incidents)
    app.add_template_filter(find_since)
    app.add_template_filter(write_headline)
    app.add_template_filter(write_impact)
    app.add_template_filter(write_length)
    app.add_template_filter(write_note_state)
    app.add_template_filter(write_state)
    for blueprint in (*BLUEPRINTS, status.bp):
        app.register_blueprint(blueprint)

"""The registry of the access methods' views: the one place in `bot.views` that lists the methods."""

from collections.abc import Mapping
from typing import Final

from bot.domain.method import Method
from bot.views.method_view import MethodView
from bot.views.mtls.view import MTLS
from bot.views.privatelink.view import PRIVATELINK
from bot.views.trusted_ips.view import TRUSTED_IPS

METHOD_VIEWS: Final[Mapping[Method, MethodView]] = {
    view.method: view for view in (MTLS, PRIVATELINK, TRUSTED_IPS)
}
"""The view of each method, in the order in which a status shows them."""

DEFAULT: Final = MTLS
"""The method that is explained to whoever has asked for none."""

"""An API key for a user, made the way that a person makes one: in a session of the web client."""

import json
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

from pipelines.settings import OdooConnection


def make_api_key(server: OdooConnection) -> str:
    """A key of the user that the connection names."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    password = server.password.get_secret_value()

    def post(path: str, **params: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(server.url + path, body, {"Content-Type": "application/json"})
        with opener.open(request, timeout=60) as response:
            reply = json.load(response)
        assert "error" not in reply, reply["error"]["data"]["message"]
        return reply["result"]

    def call(model: str, method: str, *args: object, **kwargs: object) -> Any:
        path = f"/web/dataset/call_kw/{model}/{method}"
        return post(path, model=model, method=method, args=list(args), kwargs=kwargs)

    post("/web/session/authenticate", db=server.database, login=server.user, password=password)
    [wizard] = call("res.users.apikeys.description", "create", [{"name": "test", "duration": "1"}])
    check = call("res.users.apikeys.description", "make_key", [wizard])
    shown = call("res.users.identitycheck", "run_check", [check["res_id"]], context={"password": password})
    key: str = shown["context"]["default_key"]
    return key

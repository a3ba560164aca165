"""The OpenAPI 3.1 document, drawn from the operations' declarations: msgspec types become components."""

from typing import Any

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from clarion.surfaces.api.endpoint import Open, Operation
from clarion.surfaces.api.problems import TITLES, Problem

_REF = "#/components/schemas/{name}"
_ALWAYS = (400, 405, 503)


class StructExtension(OpenApiSerializerExtension):
    """A msgspec Struct → a component and the components it refers to."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        return component_name(self.target)

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        _, components = msgspec.json.schema_components([self.target], ref_template=_REF)
        own = component_name(self.target)
        schema: dict[str, Any] = components.pop(own, {})
        kinds = _struct_kinds()
        for name, definition in components.items():
            component = ResolvedComponent(
                name=name, type=ResolvedComponent.SCHEMA, schema=definition, object=kinds.get(name, name)
            )
            auto_schema.registry.register_on_missing(component)
        return schema


def _struct_kinds() -> dict[str, type[msgspec.Struct]]:
    """Our Structs by component name, so that one met as a part and as a whole is known to be the same."""
    found: dict[str, type[msgspec.Struct]] = {}
    waiting = list(msgspec.Struct.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("clarion.surfaces.api"):
            found[kind.__name__] = kind
    return found


def component_name(kind: Any) -> str:
    """The name msgspec gives the type among the components."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template="{name}")
    return str(schema["$ref"])


class ClarionSchema(AutoSchema):
    """Reads an Endpoint's declarations."""

    @property
    def _operation(self) -> Operation | None:
        handler = getattr(self.view, self.method.lower(), None)
        return getattr(handler, "operation", None)

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "tag", "") or "clarion"]

    def get_operation_id(self) -> str:
        path = self.path.removeprefix("/api/v1/").strip("/")
        words = [part.strip("{}") for part in path.replace("-", "_").split("/")]
        return "_".join([self.method.lower(), *words])

    def get_summary(self) -> str:
        handler = getattr(self.view, self.method.lower())
        return (handler.__doc__ or "").strip().split("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        handler = getattr(self.view, self.method.lower())
        lines = (handler.__doc__ or "").strip().split("\n")
        return "\n".join(line.strip() for line in lines[1:]).strip()

    def get_auth(self) -> list[dict[str, list[str]]]:
        declared = self._operation
        if declared is None or declared.permission is Open.ANYONE:
            return []
        return [{"bearer": []}, {"apiKey": []}]

    def get_request_serializer(self) -> Any:
        return self._operation.body if self._operation else None

    def _get_request_body(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        declared = self._operation
        if declared is not None and declared.upload is not None:
            kinds = {kind: {"schema": {"type": "string"}} for kind in declared.upload.content_types}
            return {"content": kinds, "required": True}
        body: dict[str, Any] | None = super()._get_request_body(*args, **kwargs)  # type: ignore[no-untyped-call]
        optional = declared is not None and declared.may_be_empty
        return {**body, "required": not optional} if body else None

    def get_response_serializers(self) -> Any:
        declared = self._operation
        if declared is None:
            return {}
        answers: dict[Any, Any] = dict(declared.answers)
        for status in _problem_statuses(declared):
            answers[(status, "application/problem+json")] = Problem
        return answers

    def _get_response_for_code(self, serializer: Any, status_code: Any, *args: Any, **kwargs: Any) -> Any:
        response: dict[str, Any] = super()._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, status_code, *args, **kwargs
        )
        if not response.get("description"):
            response["description"] = TITLES.get(int(status_code), "OK")
        return response

    def get_override_parameters(self) -> list[Any]:
        declared = self._operation
        return [*_query_parameters(declared), *_header_parameters(declared)] if declared else []

    def get_filter_backends(self) -> list[Any]:
        return []

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False


def _problem_statuses(declared: Operation) -> list[int]:
    statuses = {*_ALWAYS, *declared.problems}
    if declared.permission is not Open.ANYONE:
        statuses |= {401, 403} if declared.permission is not Open.ANY_CALLER else {401}
    if declared.body is not None:
        statuses |= {413, 415, 422}
    if declared.query is not None:
        statuses.add(422)
    if declared.idempotent_key:
        statuses |= {409, 422}
    return sorted(statuses)


def _query_parameters(declared: Operation) -> list[Any]:
    from drf_spectacular.utils import OpenApiParameter  # imports DRF's settings, so not at the top

    if declared.query is None:
        return []
    _, components = msgspec.json.schema_components([declared.query], ref_template=_REF)
    own = components[component_name(declared.query)]
    return [
        OpenApiParameter(
            name=name, location="query", required=name in own.get("required", ()), type=_inlined(schema, components)
        )
        for name, schema in own["properties"].items()
    ]


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    """Without references: what only a query uses (an enum) is no component of the document."""
    if isinstance(schema, list):
        return [_inlined(one, components) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"].rpartition("/")[2]], components)
    return {name: _inlined(one, components) for name, one in schema.items()}


def _header_parameters(declared: Operation) -> list[Any]:
    from drf_spectacular.utils import OpenApiParameter  # imports DRF's settings, so not at the top

    if not declared.idempotent_key:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    text = "The same key with the same request answers the first answer again, for 24 hours."
    return [OpenApiParameter(name="Idempotency-Key", location="header", type=schema, description=text)]


def only_api_v1(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Each path once, without its trailing slash."""
    return [e for e in endpoints if e[0].startswith("/api/v1/") and not e[0].endswith("/")]


def add_security_schemes(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """Name the two ways to authenticate."""
    result.setdefault("components", {})["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`ApiKey <key>`",
        },
    }
    return result

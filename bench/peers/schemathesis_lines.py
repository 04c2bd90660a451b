"""Lines of JSON for Schemathesis, which knows no application/x-ndjson: text as it is."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def written(context, value):
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "surrogatepass")


@schemathesis.deserializer("application/x-ndjson")
def read(context, response):
    return response.content.decode()

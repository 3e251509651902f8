import MECModel

/// An API's description in OpenAPI 3.1, made from its routes and types.
struct OpenAPIDocument {
    let api: API

    init(_ api: API) { self.api = api }

    var json: [UInt8] {
        var writer = JSONWriter(reserving: 32_768)
        writer.beginObject()
        writer.member("openapi", literal: "3.1.0")
        writer.beginObject("info")
        writer.member("title", api.title)
        writer.member(
            "version",
            api.prefixes.first.flatMap { $0.split(separator: "/").last.map(String.init) } ?? "v1"
        )
        writer.endObject()
        writer.beginArray("servers")
        for prefix in api.prefixes {
            writer.beginObject()
            writer.member("url", prefix)
            writer.endObject()
        }
        writer.endArray()
        writer.beginObject("paths")
        var paths: [String] = []
        for route in api.routes where !paths.contains(route.path) { paths.append(route.path) }
        for path in paths {
            writer.name(dynamic: path)
            writer.beginObject()
            for route in api.routes where route.path == path { write(route, &writer) }
            writer.endObject()
        }
        writer.endObject()
        writer.beginObject("components")
        writer.name("schemas")
        SchemaText(api.schemas + "\n" + Self.common).write(to: &writer)
        writer.beginObject("securitySchemes")
        writer.beginObject("oauth2")
        writer.member("type", literal: "oauth2")
        writer.beginObject("flows")
        writer.beginObject("clientCredentials")
        writer.member("tokenUrl", literal: "/oauth2/token")
        writer.beginObject("scopes")
        writer.name(dynamic: api.name)
        writer.value(api.title)
        writer.endObject()
        writer.endObject()
        writer.endObject()
        writer.endObject()
        writer.endObject()
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private static let common = """
        ProblemDetails
          type string
          title string
          status integer
          detail string
          instance string
        """

    private func write(_ route: Route, _ writer: inout JSONWriter) {
        writer.name(dynamic: route.method.rawValue.lowercased())
        writer.beginObject()
        writer.member("summary", route.summary)
        let names = route.path.split(separator: "/").filter { $0.hasPrefix("{") }
            .map { String($0.dropFirst().dropLast()) }
        if !names.isEmpty || !route.query.isEmpty {
            writer.beginArray("parameters")
            for name in names { parameter(name, "path", &writer) }
            for name in route.query { parameter(name, "query", &writer) }
            writer.endArray()
        }
        if let body = route.requestBody {
            writer.beginObject("requestBody")
            writer.member("required", true)
            content("application/json", body, &writer)
            writer.endObject()
        }
        writer.beginObject("responses")
        let status = route.responseBody == nil ? "204" : route.method == .post ? "201" : "200"
        writer.name(dynamic: route.path.hasSuffix("/terminate") ? "202" : status)
        writer.beginObject()
        writer.member("description", literal: "Done.")
        if let body = route.responseBody { content("application/json", body, &writer) }
        writer.endObject()
        writer.beginObject("default")
        writer.member("description", literal: "Refused; the detail names the field.")
        content("application/problem+json", "ProblemDetails", &writer)
        writer.endObject()
        writer.endObject()
        writer.beginArray("security")
        writer.beginObject()
        writer.endObject()
        writer.beginObject()
        writer.beginArray("oauth2")
        writer.value(api.name)
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.endObject()
    }

    private func parameter(_ name: String, _ place: String, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", name)
        writer.member("in", place)
        writer.member("required", place == "path")
        writer.beginObject("schema")
        writer.member("type", literal: "string")
        writer.endObject()
        writer.endObject()
    }

    private func content(_ type: String, _ body: String, _ writer: inout JSONWriter) {
        writer.beginObject("content")
        writer.name(dynamic: type)
        writer.beginObject()
        writer.name("schema")
        SchemaText.write(body, to: &writer)
        writer.endObject()
        writer.endObject()
    }
}

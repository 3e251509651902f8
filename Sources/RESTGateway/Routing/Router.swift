import Access
import HTTPTypes

/// What a caller must be allowed on the bus to use a route: the same rules as over MQTT.
enum Permission: Sendable {
    /// Anybody who is let in at all.
    case none
    case receive(String)
    case publish(String)
}

/// One method of one resource.
struct Route: Sendable {
    typealias Handler = @Sendable (RESTRequest) async throws -> RESTResponse

    let method: HTTPRequest.Method
    /// Behind the API's prefix: `/queries/zones/{zoneId}`.
    let path: String
    /// Query parameters; others are refused.
    let query: [String]
    let permission: Permission
    /// For the OpenAPI document: a sentence, and the types of bodies.
    let summary: String
    let requestBody: String?
    let responseBody: String?
    let handler: Handler

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        query: [String] = [],
        permission: Permission,
        _ summary: String,
        body: String? = nil,
        answers: String? = nil,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.permission = permission
        self.summary = summary
        self.requestBody = body
        self.responseBody = answers
        self.handler = handler
    }
}

/// An API under one or more prefixes.
struct API: Sendable {
    /// `rni`: its word in scopes and in the document's path.
    let name: String
    let title: String
    /// `["/rni/v2"]`.
    let prefixes: [String]
    let routes: [Route]
    /// The types of its bodies, see ``SchemaText``.
    let schemas: String
}

/// Finds the route of a request.
struct Router: Sendable {
    struct Match: Sendable {
        var route: Route
        var prefix: String
        var api: String
        var parameters: [String: String]
    }

    private struct Entry: Sendable {
        var segments: [String]
        var route: Route
        var prefix: String
        var api: String
    }

    /// By the first two segments, so that few are compared.
    private let entries: [String: [Entry]]

    init(_ apis: [API]) {
        var entries: [String: [Entry]] = [:]
        for api in apis {
            for prefix in api.prefixes {
                for route in api.routes {
                    let segments = route.path.split(separator: "/").map(String.init)
                    let entry = Entry(segments: segments, route: route, prefix: prefix, api: api.name)
                    entries[prefix, default: []].append(entry)
                }
            }
        }
        self.entries = entries
    }

    /// - Parameter path: Percent-encoded.
    /// - Throws: 404, or 405 with Allow.
    func find(_ method: HTTPRequest.Method, _ path: String) throws -> Match {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count > 2, let candidates = entries["/\(parts[0])/\(parts[1])"] else {
            throw Problem.notFound("path: expected a resource of one of the APIs that / lists, found \(path)")
        }
        let segments = parts[2...]
        var allowed: [String] = []
        for entry in candidates where entry.segments.count == segments.count {
            guard var parameters = match(entry.segments, segments) else { continue }
            guard entry.route.method == method else {
                allowed.append(entry.route.method.rawValue)
                continue
            }
            for (name, value) in parameters {
                guard let decoded = value.percentDecoded else {
                    throw Problem.parameter(name, expected: "percent-encoded UTF-8", found: value)
                }
                parameters[name] = decoded
            }
            return Match(route: entry.route, prefix: entry.prefix, api: entry.api, parameters: parameters)
        }
        guard allowed.isEmpty else {
            let list = Set(allowed).sorted().joined(separator: ", ")
            var problem = Problem(
                .methodNotAllowed,
                "method not allowed",
                "method: expected \(list), found \(method.rawValue)"
            )
            problem.headers[.allow] = list
            throw problem
        }
        throw Problem.notFound("path: expected a resource of one of the APIs that / lists, found \(path)")
    }

    private func match(_ template: [String], _ segments: ArraySlice<Substring>) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (part, segment) in zip(template, segments) {
            if part.hasPrefix("{") {
                parameters[String(part.dropFirst().dropLast())] = String(segment)
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }

    /// More than any resource has a use for.
    private static let parametersMax = 256

    /// - Throws: 400 for a parameter that the route does not have, that cannot be decoded, or that is one too many.
    static func query(_ text: String, allowed: [String]) throws -> [(name: String, value: String)] {
        guard !text.isEmpty else { return [] }
        let pairs = text.split(separator: "&")
        guard pairs.count <= parametersMax else {
            throw Problem.parameter(
                "query",
                expected: "at most \(parametersMax) parameters",
                found: "\(pairs.count)"
            )
        }
        return try pairs.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map { $0.replacing("+", with: " ").percentDecoded }
            guard let name = decoded.first ?? nil, let value = decoded.count > 1 ? decoded[1] : "" else {
                throw Problem.parameter(String(pair), expected: "percent-encoded UTF-8", found: String(pair))
            }
            guard allowed.contains(name) else {
                let list = allowed.isEmpty ? "none" : allowed.joined(separator: ", ")
                throw Problem.parameter(
                    name,
                    expected: "a parameter of this resource (\(list))",
                    found: "another"
                )
            }
            return (name, value)
        }
    }
}

extension StringProtocol {
    /// RFC 3986 2.1; `nil` where it is broken or no UTF-8.
    var percentDecoded: String? {
        guard utf8.contains(UInt8(ascii: "%")) else { return String(self) }
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Self.digit),
                let low = rest.popFirst().flatMap(Self.digit)
            else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

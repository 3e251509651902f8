import Access
import AppEnablement
package import HTTPTypes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request that a route was found for.
package struct RESTRequest: Sendable {
    package var headers: HTTPFields
    package var body: [UInt8]
    /// What stands where the route has braces, decoded.
    var parameters: [String: String]
    /// In the order of the URI, decoded.
    var query: [(name: String, value: String)]
    /// `/rni/v2`: what precedes the resource.
    var prefix: String
    /// The whole path, as it came.
    var path: String
    var identity: Identity

    /// A parameter of the path.
    subscript(_ name: String) -> String { parameters[name] ?? "" }

    // MARK: - Query parameters

    /// The one value of a parameter.
    func value(_ name: String) throws -> String? {
        let values = query.filter { $0.name == name }
        guard values.count <= 1 else {
            throw Problem.parameter(name, expected: "it once", found: "\(values.count) times")
        }
        return values.first?.value
    }

    /// All values, whether the parameter is repeated or its values are parted by commas.
    func values(_ name: String) -> [String] {
        query.filter { $0.name == name }
            .flatMap { $0.value.split(separator: ",").map(String.init) }
    }

    func flag(_ name: String) throws -> Bool? {
        guard let text = try value(name) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default: throw Problem.parameter(name, expected: "true or false", found: text)
        }
    }

    func number<Number: FixedWidthInteger>(_ name: String, _ type: Number.Type) throws -> Number? {
        guard let text = try value(name) else { return nil }
        return try Self.number(text, name, type)
    }

    static func number<Number: FixedWidthInteger>(_ text: String, _ name: String, _ type: Number.Type) throws
        -> Number
    {
        guard let number = Number(text) else {
            throw Problem.parameter(
                name,
                expected: "a number from \(Number.min) to \(Number.max)",
                found: text
            )
        }
        return number
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type) throws
        -> Choice?
    where Choice.RawValue == String {
        guard let text = try value(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.parameter(name, expected: "one of \(known)", found: text)
        }
        return choice
    }

    // MARK: - Body

    private static let wrapperKey = CodingUserInfoKey(rawValue: "wrapper")

    /// The body as `type`.
    ///
    /// - Parameter wrapper: ETSI's files put the value under its type's name, the GS does not; both are taken.
    func decode<Value: Decodable>(_ type: Value.Type, under wrappers: String...) throws -> Value {
        try decode(type, underAny: wrappers)
    }

    func decode<Value: Decodable>(_ type: Value.Type, underAny wrappers: [String]) throws -> Value {
        if let contentType = headers[.contentType] {
            let media = contentType.prefix { $0 != ";" }.lowercased()
            guard media == "application/json" || media == "application/merge-patch+json" else {
                throw Problem(
                    .unsupportedMediaType,
                    "unsupported media type",
                    "Content-Type: expected application/json, found \(contentType)"
                )
            }
        }
        guard !body.isEmpty else {
            throw Problem(.badRequest, "unreadable body", "body: expected JSON, found nothing")
        }
        let decoder = JSONDecoder()
        if let key = Self.wrapperKey { decoder.userInfo[key] = wrappers }
        return try decoder.decode(Wrapped<Value>.self, from: Data(body)).value
    }

    private struct Wrapped<Value: Decodable>: Decodable {
        let value: Value

        init(from decoder: any Decoder) throws {
            if let key = RESTRequest.wrapperKey, let names = decoder.userInfo[key] as? [String],
                !names.isEmpty,
                let values = try? decoder.container(keyedBy: Name.self), values.allKeys.count == 1,
                let only = values.allKeys.first, names.contains(only.stringValue)
            {
                value = try values.decode(Value.self, forKey: only)
            } else {
                value = try Value(from: decoder)
            }
        }
    }

    struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Refuses a body whose identifier is not the one of the path; none is fine.
    func checkIdentifier(_ name: String, _ found: String?) throws {
        guard let found, found != self[name] else { return }
        throw Problem.parameter(name, expected: "\(self[name]), as in the path", found: found)
    }

    // MARK: - Conditions

    /// Refuses with 412 where the client says what it has seen and that is no more.
    func checkCondition(_ current: [UInt8]) throws {
        guard let wanted = headers[.ifMatch] else { return }
        let tag = RESTResponse.tag(current)
        let tags = wanted.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }
        guard tags.contains("*") || tags.contains(where: { $0 == tag }) else {
            throw Problem(
                .preconditionFailed,
                "changed meanwhile",
                "If-Match: expected \(tag), found \(wanted)"
            )
        }
    }
}

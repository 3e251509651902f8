#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// JSON from peers: decoded or explained, never trusted.
enum JSONReading {
    /// - Throws: ``InputError`` that says where in the text what was expected.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(InputError) -> Value
    {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw InputError(explain(error))
        } catch {
            throw InputError("not JSON: \(error)")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\"\(path(context.codingPath + [key]))\" is missing"
        case .typeMismatch(let type, let context):
            "\"\(path(context.codingPath))\" is no \(name(type))"
        case .valueNotFound(let type, let context):
            "\"\(path(context.codingPath))\" is null, expected a \(name(type))"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            "not JSON: \(context.debugDescription)"
        case .dataCorrupted(let context): "\"\(path(context.codingPath))\": \(context.debugDescription)"
        @unknown default: "not the JSON that was expected"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue.prefix(40).description }.joined(
            separator: "."
        )
        .replacing(".[", with: "[")
    }

    private static func name(_ type: Any.Type) -> String {
        switch type {
        case is Double.Type, is Int.Type, is UInt64.Type: "number"
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        default: "\(type)".lowercased().contains("array") ? "list" : "object"
        }
    }
}

/// A number that some writers put into quotes, or leave out as "n/a".
struct LooseNumber: Decodable, Sendable {
    /// `nil` for anything that is no finite number.
    let value: Double?

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number: Double?
        if let direct = try? container.decode(Double.self) {
            number = direct
        } else if let text = try? container.decode(String.self), text.utf8.count <= 64 {
            number = Double(text)
        } else {
            number = nil
        }
        value = number.flatMap { $0.isFinite ? $0 : nil }
    }

    func value(in range: ClosedRange<Double>) -> Double? { value.flatMap { range.contains($0) ? $0 : nil } }
}

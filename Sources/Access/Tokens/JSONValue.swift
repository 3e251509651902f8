import FoundationEssentials

/// JSON of a token or a key set, RFC 8259.
enum JSONValue: Decodable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Tokens and key sets are three levels deep; the decoder's stack must not depend on a stranger.
    static let depthMax = 16

    /// The members of an object; `nil` where `bytes` are not one JSON object of reasonable depth.
    static func object(_ bytes: [UInt8]) -> [String: JSONValue]? {
        guard isShallow(bytes),
            case .object(let members)? = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        else {
            return nil
        }
        return members
    }

    /// Whether arrays and objects go at most `depthMax` deep. What is no JSON may come to either answer.
    private static func isShallow(_ bytes: [UInt8]) -> Bool {
        var depth = 0
        var inString = false
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                isEscaped = false
            } else if inString {
                if byte == UInt8(ascii: "\\") { isEscaped = true }
                if byte == UInt8(ascii: "\"") { inString = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): inString = true
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    depth += 1
                    if depth > depthMax { return false }
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                default: break
                }
            }
        }
        return true
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// A NumericDate (RFC 7519 2) in whole seconds, rounded down; `nil` for what is no date.
    var numericDate: Int64? {
        guard case .number(let value) = self, value.isFinite, abs(value) < 1e15 else { return nil }
        return Int64(value.rounded(.down))
    }
}

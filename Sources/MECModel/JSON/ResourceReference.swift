/// Names a resource in a request over the bus.
package struct ResourceReference: Hashable, Sendable, Codable {
    package var id: String

    package init(id: String) { self.id = id }
}

extension DecodingError {
    /// Where the body is wrong and how, in one line.
    package var place: String {
        func path(_ context: Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "body" : path.joined(separator: ".").replacing(".[", with: "[")
        }
        return switch self {
        case .keyNotFound(let key, let context): "\(path(context)): \(key.stringValue) is required"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(path(context)): \(context.debugDescription)"
        @unknown default: "unreadable"
        }
    }
}

/// Why a request is refused.
package struct RequestFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the asker can do about it; each is one HTTP status.
    package enum Kind: Hashable, Sendable {
        /// 400: the body or a parameter is wrong.
        case invalid
        /// 404.
        case notFound
        /// 409: right in another state.
        case conflict
        /// 403: a limit is reached.
        case refused
    }

    package var kind: Kind
    /// The field, what was expected and what was found.
    package var detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    package static func invalid(_ field: String, expected: String, found: String) -> RequestFault {
        RequestFault(.invalid, "\(field): expected \(expected), found \(found)")
    }

    package var description: String { detail }
}

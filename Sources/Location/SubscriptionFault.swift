/// Why a subscription is refused: the field, what was expected and what was found.
package struct SubscriptionFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var field: String
    package var expected: String
    package var found: String

    package init(field: String, expected: String, found: String) {
        self.field = field
        self.expected = expected
        self.found = found
    }

    package var description: String { "\(field): expected \(expected), found \(found)" }
}

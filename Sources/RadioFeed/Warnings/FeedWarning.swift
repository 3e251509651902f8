/// Something that a source said and that was not believed.
package struct FeedWarning: Sendable, Hashable {
    /// What is wrong, for counting: a small fixed set, safe as a metric's label.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Not JSON, not CSV, not the shape that was agreed on.
        case malformed
        case unknownColumn = "unknown-column"
        case missingField = "missing-field"
        case cellOutOfRange = "cell-out-of-range"
        case positionOffGlobe = "position-off-globe"
        case timeBackwards = "time-backwards"
        case valueOutOfRange = "value-out-of-range"
        /// A terminal, cell or topic that nothing is known of.
        case unknownSubject = "unknown-subject"
        /// Longer, larger or more than the limit.
        case tooLarge = "too-large"
        /// Understood, but nothing here uses it.
        case unused
        /// The inventory, a table or the inbox is full.
        case full
        /// The file or socket failed.
        case inputOutput = "input-output"
    }

    package var reason: Reason
    /// File and line ("drive.csv:17"), or client ("client phone-7"), or peer.
    package var place: String
    /// What was expected and what was found.
    package var message: String

    package init(_ reason: Reason, at place: String, _ message: String) {
        self.reason = reason
        self.place = place
        self.message = message
    }
}

extension FeedWarning: CustomStringConvertible {
    package var description: String { "\(place): \(message)" }
}

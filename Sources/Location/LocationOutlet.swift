package import MECModel

/// Which of an event's topics somebody listens to.
package struct LocationAudience: OptionSet, Sendable, BitwiseCopyable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The topic in the style of Annex A: `/location/…`.
    package static let plain = LocationAudience(rawValue: 1)
    /// The second tree, as JSON.
    package static let json = LocationAudience(rawValue: 2)
    /// The second tree, as protobuf.
    package static let protobuf = LocationAudience(rawValue: 4)
}

/// Where ``LocationState`` puts what it has to tell.
package protocol LocationOutlet {
    /// Who listens to what the service tells everybody.
    /// - Parameter suffix: The last levels of the second tree.
    mutating func audience(for event: LocationEvent, suffix: String) -> LocationAudience
    mutating func emit(_ notification: LocationNotification, to audience: LocationAudience, suffix: String)
    /// For one subscription; it has asked, so nobody asks it again.
    mutating func emit(_ notification: LocationNotification, subscription: String)
}

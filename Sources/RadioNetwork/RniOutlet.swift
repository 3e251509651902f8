package import MECModel

/// Which of an event's topics somebody listens to.
package struct RniAudience: OptionSet, Sendable, BitwiseCopyable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The topic of MEC 012 Annex A.
    package static let annexA = RniAudience(rawValue: 1)
    /// The second tree, as JSON.
    package static let json = RniAudience(rawValue: 2)
    /// The second tree, as protobuf.
    package static let protobuf = RniAudience(rawValue: 4)
}

/// Where ``RadioNetworkState`` puts what it has to tell.
///
/// The state asks first who listens, and builds a notification only if somebody does.
package protocol RniOutlet {
    /// - Parameter suffix: `{plmn}/{cell}/{ue}` of the second tree.
    mutating func audience(for event: RniEvent, suffix: String) -> RniAudience
    mutating func emit(_ notification: RniNotification, to audience: RniAudience, suffix: String)
}

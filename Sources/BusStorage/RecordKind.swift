/// The types of record that the broker writes into its journal. Numbers are for ever.
enum RecordKind: UInt16, CaseIterable {
    /// An application message, once, however many sessions want it.
    case message = 1
    /// A session that outlives its connection came to be or was taken up again.
    case sessionConnected = 2
    case sessionDisconnected = 3
    case sessionEnded = 4
    case subscribed = 5
    case unsubscribed = 6
    case will = 7
    /// A message was sent to a session under a packet identifier.
    case sent = 8
    /// PUBREC came for it.
    case received = 9
    /// PUBACK or PUBCOMP came for it.
    case settled = 10
    /// A shared subscription chose a session for a message.
    case chosen = 11
    /// A publisher released its QoS 2 packet identifier.
    case released = 12
}

/// Where batches go: one kind of far side. One thread uses it, and it never blocks that thread.
///
/// A sink knows nothing of lanes, order or repetition: what it is not sure of, it loses, and the uplink sends it
/// again.
package protocol Sink: AnyObject {
    /// To be polled; -1 for none. May change with every call.
    var descriptor: Int32 { get }
    var wantsToWrite: Bool { get }

    /// Begins to connect; ``SinkEvent/connected`` or ``SinkEvent/disconnected(_:)`` follows.
    func connect()
    /// Ends the connection at once, without an event. Nothing of it comes afterwards.
    func disconnect()
    func send(_ batch: EncodedBatch, number: UInt64)
    /// Sends a sign of life, which is to be answered by ``SinkEvent/answer(_:)`` with its nonce: by the far side,
    /// with watermarks, or by the sink itself when the next hop has taken it.
    func send(_ hello: Hello)
    /// Reads, writes and keeps the connection alive.
    func turn(readable: Bool, writable: Bool)
    func takeEvents() -> [SinkEvent]
}

/// What a sink has to tell.
package enum SinkEvent: Sendable {
    case connected
    case disconnected(String)
    /// The next hop has the batch.
    case accepted(UInt64)
    /// The batch is stored.
    case committed(UInt64)
    case answer(Answer)
    case downlink(DownlinkMessage)
}

/// A message from the cloud.
package struct DownlinkMessage: Sendable, Equatable {
    package var topic: String
    package var payload: [UInt8]
    package var qos: UInt8
    package var retain: Bool

    package init(topic: String, payload: [UInt8], qos: UInt8, retain: Bool) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
    }
}

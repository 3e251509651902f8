/// What one client may use of the broker. Every limit is finite unless an operator writes otherwise.
///
/// Rates are far above what a device sends and below what one client needs to starve the others. More
/// may wait and be in flight than mosquitto allows (1,000 and 20): a client that can take less says so
/// with its receive maximum, or by not reading.
package struct Quotas: Sendable, Equatable {
    /// PUBLISH packets taken from the client, per second; over it, reading from the client pauses.
    package var publishRate: UInt32 = 100_000
    /// PUBLISH packets above the rate that may come at once.
    package var publishBurst: UInt32 = 100_000
    /// Bytes of PUBLISH packets taken from the client, per second.
    package var publishBytesRate: UInt64 = 100 << 20
    /// Bytes above the rate that may come at once. Must hold one packet of the largest size.
    package var publishBytesBurst: UInt64 = 256 << 20
    /// Messages with QoS 1 and 2 that wait for the client, beside those in flight; then the oldest rule
    /// of the session's overflow policy applies. mosquitto: `max_queued_messages`.
    package var queuedMessages: UInt32 = 100_000
    /// Bytes of the messages that wait for the client. mosquitto: `max_queued_bytes`.
    package var queuedBytes: UInt64 = 64 << 20
    /// Messages with QoS 1 and 2 sent and not yet acknowledged. 1…65,535. mosquitto:
    /// `max_inflight_messages`. A smaller Receive Maximum of the client holds.
    package var inFlight: UInt16 = 1_000
    /// Subscriptions of one session; one more is refused with 0x97 "Quota exceeded".
    package var subscriptions: UInt32 = 10_000

    package init() {}

    /// For parts of Weir itself.
    package static let unlimited: Quotas = {
        var quotas = Quotas()
        quotas.publishRate = .max
        quotas.publishBurst = .max
        quotas.publishBytesRate = .max
        quotas.publishBytesBurst = .max
        quotas.queuedMessages = .max
        quotas.queuedBytes = .max
        quotas.inFlight = .max
        quotas.subscriptions = .max
        return quotas
    }()
}

/// The limits that a role or a user has of its own; what is `nil` is as it was.
package struct QuotaOverrides: Sendable, Equatable {
    package var publishRate: UInt32?
    package var publishBurst: UInt32?
    package var publishBytesRate: UInt64?
    package var publishBytesBurst: UInt64?
    package var queuedMessages: UInt32?
    package var queuedBytes: UInt64?
    package var inFlight: UInt16?
    package var subscriptions: UInt32?

    package init() {}

    /// `quotas` with what is set here in its place.
    package func applied(to quotas: Quotas) -> Quotas {
        var result = quotas
        if let publishRate { result.publishRate = publishRate }
        if let publishBurst { result.publishBurst = publishBurst }
        if let publishBytesRate { result.publishBytesRate = publishBytesRate }
        if let publishBytesBurst { result.publishBytesBurst = publishBytesBurst }
        if let queuedMessages { result.queuedMessages = queuedMessages }
        if let queuedBytes { result.queuedBytes = queuedBytes }
        if let inFlight { result.inFlight = inFlight }
        if let subscriptions { result.subscriptions = subscriptions }
        return result
    }

    /// The more generous of each: a client with two roles may do what either allows.
    package func widened(by other: QuotaOverrides) -> QuotaOverrides {
        func widest<T: Comparable>(_ a: T?, _ b: T?) -> T? {
            guard let a else { return b }
            guard let b else { return a }
            return max(a, b)
        }
        var result = self
        result.publishRate = widest(publishRate, other.publishRate)
        result.publishBurst = widest(publishBurst, other.publishBurst)
        result.publishBytesRate = widest(publishBytesRate, other.publishBytesRate)
        result.publishBytesBurst = widest(publishBytesBurst, other.publishBytesBurst)
        result.queuedMessages = widest(queuedMessages, other.queuedMessages)
        result.queuedBytes = widest(queuedBytes, other.queuedBytes)
        result.inFlight = widest(inFlight, other.inFlight)
        result.subscriptions = widest(subscriptions, other.subscriptions)
        return result
    }
}

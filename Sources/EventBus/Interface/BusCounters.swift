/// What one shard has counted since it started. Read by its own thread only; copies travel.
package struct BusCounters: Sendable {
    package var connectionsOpened = 0
    package var connectionsClosed = 0
    package var connectionsRefused = 0
    package var clientsConnected = 0
    package var clientsTakenOver = 0
    package var keepAliveTimeouts = 0
    package var authenticationFailures = 0
    package var packetsReceived = 0
    package var bytesReceived = 0
    package var bytesSent = 0
    package var messagesReceived = 0
    package var messagesReceivedQoS1 = 0
    package var messagesReceivedQoS2 = 0
    package var payloadBytesReceived = 0
    package var messagesDelivered = 0
    package var payloadBytesDelivered = 0
    package var messagesQueued = 0
    /// In memory for a session now; what waits on disk only is not counted.
    package var messagesWaiting = 0
    /// Dropped because the subscriber does not read (QoS 0).
    package var droppedSlowConsumer = 0
    /// Dropped because a session's queue was full.
    package var droppedQueueFull = 0
    /// Dropped because the message expired.
    package var droppedExpired = 0
    /// Dropped because the receiver's maximum packet size is smaller.
    package var droppedTooLarge = 0
    /// Published without anybody to take it.
    package var messagesWithoutSubscriber = 0
    package var publishesNotAuthorized = 0
    package var deliveriesNotAuthorized = 0
    package var subscriptionsRefused = 0
    package var quotaExceeded = 0
    package var retainedRefused = 0
    package var malformedPackets = 0
    package var protocolErrors = 0
    package var packetsTooLarge = 0
    package var routeHits = 0
    package var routeMisses = 0
    package var willsPublished = 0
    package var sessionsExpired = 0
    package var sharedWithoutMember = 0
    /// Not taken because the journal is full or has failed.
    package var storageRefused = 0
    package var mailSent = 0
    package var mailReceived = 0

    package init() {}

    package static func + (a: BusCounters, b: BusCounters) -> BusCounters {
        var sum = a
        withUnsafeMutableBytes(of: &sum) { sum in
            withUnsafeBytes(of: b) { b in
                let sum = sum.assumingMemoryBound(to: Int.self)
                let b = b.assumingMemoryBound(to: Int.self)
                for i in 0..<sum.count { sum[i] &+= b[i] }
            }
        }
        return sum
    }
}

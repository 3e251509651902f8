import EventBus
import MQTTWire

/// Storage that keeps nothing but positions, and that refuses or lags as a test says.
final class FalseStore: BusStore {
    private(set) var lastPosition: UInt64 = 0
    private(set) var durablePosition: UInt64 = 0
    private var sessions: UInt32 = 0
    /// Takes no message.
    var isFull = false
    /// The disk stands still: positions become durable only by ``commit()``.
    var isSlow = false

    func commit() { durablePosition = lastPosition }

    private func append() -> UInt64 {
        lastPosition += 1
        if !isSlow { durablePosition = lastPosition }
        return lastPosition
    }

    func keep(_ message: StoredMessage, isWantedLater: Bool) -> StoreDecision {
        guard isWantedLater else { return .notKept }
        if isFull { return .refused(.quotaExceeded) }
        let position = append()
        return .kept(position: position, durableAt: position)
    }

    func knowsForwarded(_ position: UInt64, from shard: Int) -> Bool { false }

    func connected(_ session: borrowing StoredSession) -> UInt32 {
        if session.storeID != 0 { return session.storeID }
        sessions += 1
        return sessions
    }

    func disconnected(_ storeID: UInt32, expiryInterval: UInt32) {}
    func ended(_ storeID: UInt32) {}
    func subscribed(_ storeID: UInt32, filter: TopicFilter, options: UInt8, identifier: UInt32) -> UInt64 {
        append()
    }
    func unsubscribed(_ storeID: UInt32, filter: TopicFilter) -> UInt64 { append() }
    func willChanged(_ storeID: UInt32, will: StoredWill?) {}
    func choose(_ storeID: UInt32, position: UInt64) {}
    func sent(_ storeID: UInt32, position: UInt64, packetID: UInt16, qos: QoS) -> UInt64 { append() }
    func received(_ storeID: UInt32, packetID: UInt16) -> UInt64 { append() }
    func settled(_ storeID: UInt32, position: UInt64, packetID: UInt16) {}
    func refill(
        _ storeID: UInt32,
        after position: UInt64,
        _ take: (borrowing StoredMessage, StoredDelivery) -> Bool
    ) -> RefillProgress { RefillProgress(scannedTo: lastPosition, isCaughtUp: true) }
    func released(_ storeID: UInt32, packetID: UInt16) -> UInt64 { append() }
    func turnEnded() {}
}

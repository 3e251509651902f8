import MQTTWire

extension BusShard {
    /// Publishes the broker's own figures under `$SYS/broker/…`, retained, with mosquitto's topic names so
    /// that existing dashboards work.
    func publishSys() {
        guard settings.sysInterval > 0 else { return }
        let total = site.total(adding: counters, of: index)
        let clients = total.clientsConnected
        let sessions = site.sessionCount
        let values: [(String, Int)] = [
            ("clients/connected", clients), ("clients/total", sessions),
            ("clients/disconnected", max(0, sessions - clients)), ("clients/expired", total.sessionsExpired),
            ("messages/received", total.packetsReceived),
            ("publish/messages/received", total.messagesReceived),
            ("publish/messages/sent", total.messagesDelivered),
            ("publish/messages/dropped", total.dropped),
            ("publish/bytes/received", total.payloadBytesReceived),
            ("publish/bytes/sent", total.payloadBytesDelivered), ("bytes/received", total.bytesReceived),
            ("bytes/sent", total.bytesSent), ("retained messages/count", site.retained.count),
            ("store/messages/bytes", site.retained.bytes), ("subscriptions/count", subscriptions.count),
        ]
        publishSys("version", "weir version \(weirVersion)")
        publishSys("uptime", "\((now.monotonic &- startedAt) / 1_000_000_000) seconds")
        for (name, value) in values { publishSys(name, String(value)) }
    }

    private func publishSys(_ name: String, _ value: String) {
        let topic = Array("$SYS/broker/\(name)".utf8)
        let payload = Array(value.utf8)
        topic.withUnsafeBytes { topic in
            payload.withUnsafeBytes { payload in
                _ = publish(
                    PublishSource(
                        parts: PublishParts(topic: topic, payload: payload),
                        qos: .atMostOnce,
                        retain: true,
                        expiresAt: 0
                    ),
                    from: -1
                )
            }
        }
    }
}

extension BusCounters {
    /// Messages that a policy or a limit threw away.
    package var dropped: Int { droppedSlowConsumer + droppedQueueFull + droppedExpired + droppedTooLarge }
}

/// The version that `weir version`, `$SYS` and the registry tell.
package let weirVersion = "0.1.0"

import EventBus
import Gateway
import Reactor
import Telemetry

/// The counters of every shard, asked for through its mailbox.
struct GatewayMetrics: MetricsSource {
    let gateway: Gateway

    func collect(into snapshot: inout MetricsSnapshot) async {
        for shard in await gateway.snapshots() {
            snapshot.add(BusMetricNames.clients, shard.connections)
            snapshot.add(BusMetricNames.sessions, shard.sessions)
            snapshot.add(BusMetricNames.subscriptions, shard.subscriptions)
            snapshot.add(BusMetricNames.waiting, shard.bus.messagesWaiting)
            // All shards share them.
            if shard.shard == 0 { snapshot.add(BusMetricNames.retained, shard.retained) }
            Self.add(shard.bus, to: &snapshot)
            Self.addRefusals(shard.bus, shard.gateway, to: &snapshot)
            Self.add(shard.gateway, to: &snapshot)
            Self.add(shard.reactor, to: &snapshot)
        }
    }

    private static func add(_ bus: BusCounters, to snapshot: inout MetricsSnapshot) {
        typealias Names = BusMetricNames
        snapshot.add(Names.connections, bus.connectionsOpened)
        snapshot.add(Names.connectionsClosed, bus.connectionsClosed)
        snapshot.add(Names.takenOver, bus.clientsTakenOver)
        snapshot.add(Names.keepAlive, bus.keepAliveTimeouts)
        snapshot.add(Names.packets, bus.packetsReceived)
        snapshot.add(Names.received, bus.bytesReceived)
        snapshot.add(Names.sent, bus.bytesSent)
        snapshot.add(
            Names.messages,
            bus.messagesReceived - bus.messagesReceivedQoS1 - bus.messagesReceivedQoS2,
            "0"
        )
        snapshot.add(Names.messages, bus.messagesReceivedQoS1, "1")
        snapshot.add(Names.messages, bus.messagesReceivedQoS2, "2")
        snapshot.add(Names.payload, bus.payloadBytesReceived)
        snapshot.add(Names.delivered, bus.messagesDelivered)
        snapshot.add(Names.deliveredPayload, bus.payloadBytesDelivered)
        snapshot.add(Names.queued, bus.messagesQueued)
        snapshot.add(Names.unwanted, bus.messagesWithoutSubscriber)
        snapshot.add(Names.wills, bus.willsPublished)
        snapshot.add(Names.expired, bus.sessionsExpired)
        snapshot.add(Names.routes, bus.routeHits, "hit")
        snapshot.add(Names.routes, bus.routeMisses, "miss")
        snapshot.add(Names.mail, bus.mailSent, "sent")
        snapshot.add(Names.mail, bus.mailReceived, "received")
    }

    private static func addRefusals(
        _ bus: BusCounters,
        _ gateway: GatewayCounters,
        to snapshot: inout MetricsSnapshot
    ) {
        typealias Names = BusMetricNames
        snapshot.add(Names.dropped, bus.droppedSlowConsumer, "slow_consumer")
        snapshot.add(Names.dropped, bus.droppedQueueFull, "queue_full")
        snapshot.add(Names.dropped, bus.droppedExpired, "expired")
        snapshot.add(Names.dropped, bus.droppedTooLarge, "too_large")
        snapshot.add(Names.dropped, bus.sharedWithoutMember, "no_shared_member")
        snapshot.add(Names.dropped, bus.deliveriesNotAuthorized, "not_authorized")
        snapshot.add(Names.requestsRefused, bus.publishesNotAuthorized, "publish_not_authorized")
        snapshot.add(Names.requestsRefused, bus.subscriptionsRefused, "subscription")
        snapshot.add(Names.requestsRefused, bus.quotaExceeded, "quota")
        snapshot.add(Names.requestsRefused, bus.retainedRefused, "retained_limit")
        snapshot.add(Names.requestsRefused, bus.storageRefused, "storage")
        snapshot.add(Names.protocolErrors, bus.malformedPackets, "malformed")
        snapshot.add(Names.protocolErrors, bus.protocolErrors, "protocol")
        snapshot.add(Names.protocolErrors, bus.packetsTooLarge, "too_large")
        snapshot.add(Names.refused, bus.connectionsRefused, "connect")
        snapshot.add(Names.refused, bus.authenticationFailures, "authentication")
        snapshot.add(Names.refused, gateway.refusedConnections, "listener_full")
        snapshot.add(Names.refused, gateway.handshakeTimeouts, "handshake_timeout")
        snapshot.add(Names.refused, gateway.proxyFailures, "proxy_header")
        snapshot.add(Names.refused, gateway.tlsFailures, "tls")
        snapshot.add(Names.refused, gateway.webSocketFailures, "websocket")
        snapshot.add(Names.refused, gateway.unreadControl, "unread_handshake")
        snapshot.add(Names.refused, gateway.authenticationsRefused, "authentication_queue_full")
    }

    private static func add(_ gateway: GatewayCounters, to snapshot: inout MetricsSnapshot) {
        typealias Names = GatewayMetricNames
        snapshot.add(Names.accepted, gateway.accepted)
        snapshot.add(Names.pauses, gateway.connectRatePauses)
        snapshot.add(
            Names.tls,
            gateway.tlsHandshakes - min(gateway.tlsHandshakes, gateway.tlsResumed),
            "full"
        )
        snapshot.add(Names.tls, gateway.tlsResumed, "resumed")
        snapshot.add(Names.authentications, gateway.authentications)
        snapshot.add(Names.moved, gateway.movedIn)
        snapshot.add(Names.stalls, gateway.mailStalls)
        snapshot.add(Names.linger, gateway.lingerTimeouts)
    }

    private static func add(_ reactor: ReactorStatistics, to snapshot: inout MetricsSnapshot) {
        typealias Names = GatewayMetricNames
        snapshot.add(Names.turns, reactor.turns)
        snapshot.add(Names.systemCalls, reactor.waits, "wait")
        snapshot.add(Names.systemCalls, reactor.receives, "receive")
        snapshot.add(Names.systemCalls, reactor.sends, "send")
        snapshot.add(Names.systemCalls, reactor.interestChanges, "interest")
        snapshot.add(Names.withoutDescriptor, reactor.acceptsWithoutDescriptor)
        snapshot.add(Names.acceptFailures, reactor.acceptFailures)
    }
}

package import Bus
package import Logging
package import MECModel
package import MECRuntime

/// The radio network information service: takes facts from the hub, publishes on the bus, answers
/// queries.
///
/// ``run()`` does the work and may be called again after it threw: the state is built anew from the
/// hub's snapshot.
package actor RadioNetworkService {
    package struct Configuration: Sendable {
        /// `appInstanceId` in the answers that nobody asked for by name.
        package var appInstanceId = "weir"
        /// How often the retained state of a cell or terminal is brought up to date.
        package var stateInterval: Duration = .seconds(1)
        /// Retained topics that are written in one interval, at most.
        package var stateChangesPerInterval = 2_000
        /// How often the query topics of Annex A are published while somebody listens.
        package var snapshotInterval: Duration = .seconds(10)
        package var limits = RadioNetworkState.Limits()

        package init() {}
    }

    package static let name = "rnis"

    private let hub: RadioFactHub
    private let configuration: Configuration
    private let now: @Sendable () -> RadioTime
    private let logger: Logger
    private var outlet: RniBusOutlet
    package private(set) var state: RadioNetworkState
    private var nextSnapshot: RadioTime
    private let pace: StatePace

    /// - Parameter now: UTC; also the event time of state and snapshots.
    package init(
        bus: any Bus,
        hub: RadioFactHub,
        configuration: Configuration = Configuration(),
        logger: Logger,
        now: @escaping @Sendable () -> RadioTime
    ) {
        self.hub = hub
        self.configuration = configuration
        self.now = now
        self.logger = logger
        state = RadioNetworkState(limits: configuration.limits)
        outlet = RniBusOutlet(bus: bus, epoch: now())
        nextSnapshot = now()
        pace = StatePace(
            interval: configuration.stateInterval,
            changes: configuration.stateChangesPerInterval
        )
    }

    /// Works until the task is cancelled or the bus shuts down.
    ///
    /// - Throws: ``BusError`` when the bus refuses what the service has to publish.
    package func run() async throws {
        let inbox = hub.attach(Self.name, at: now())
        defer { hub.detach(Self.name) }
        let period = pace.tick
        let ticker = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: period)
                inbox.tick()
            }
        }
        defer { ticker.cancel() }
        while let work = await inbox.take() {
            do {
                for delivery in work.elements { try take(delivery) }
                if work.isTick { try tick() }
            } catch BusError.shuttingDown {
                return
            }
        }
    }

    private func take(_ delivery: RadioFactHub.Delivery) throws(BusError) {
        switch delivery {
        case .snapshot(let batch):
            state = RadioNetworkState(limits: configuration.limits)
            var silence = NoOutlet()
            state.apply(batch, to: &silence)
            try outlet.clearState(except: state)
            logger.info(
                "radio network state loaded",
                metadata: ["rnis.cells": "\(state.cellCount)", "rnis.terminals": "\(state.terminalCount)"]
            )
        case .batch(let batch):
            outlet.beginBatch()
            state.apply(batch, to: &outlet)
        }
        try outlet.publisher.flush()
    }

    private func tick() throws(BusError) {
        let time = now()
        for change in state.takeChanges(now: time, limit: pace.changesPerTick, hold: pace.hold) {
            outlet.publish(change, now: time)
        }
        if time >= nextSnapshot {
            nextSnapshot = time.advanced(byNanoseconds: configuration.snapshotInterval.nanoseconds)
            outlet.publishSnapshots(of: state, appInstanceId: configuration.appInstanceId, now: time)
        }
        try outlet.publisher.flush()
    }

    /// Takes facts in and hears nobody.
    private struct NoOutlet: RniOutlet {
        func audience(for event: RniEvent, suffix: String) -> RniAudience { [] }
        func emit(_ notification: RniNotification, to audience: RniAudience, suffix: String) {}
    }

    // MARK: - Queries

    /// MEC 012 7.3.3.1.
    package func rabInfo(_ query: RniQuery, requestId: String) -> RabInfo {
        state.rabInfo(query, appInstanceId: configuration.appInstanceId, requestId: requestId, now: now())
    }

    /// MEC 012 7.4.3.1.
    package func plmnInfo(appInstanceIds: [String]) -> [PlmnInfo] {
        state.plmnInfo(appInstanceIds: appInstanceIds, now: now())
    }

    /// MEC 012 7.5.3.1.
    package func s1BearerInfo(_ query: RniQuery) -> S1BearerInfo { state.s1BearerInfo(query, now: now()) }

    /// MEC 012 7.6a.
    package func layer2Meas(_ query: RniQuery) -> L2Meas { state.layer2Meas(query, now: now()) }

    /// Notifications that went out and that the bus had no room for, since the process began.
    package var published: UInt64 { outlet.publisher.published }
    package var dropped: UInt64 { outlet.publisher.dropped }
}

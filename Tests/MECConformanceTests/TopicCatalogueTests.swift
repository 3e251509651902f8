import Bandwidth
import Bus
import Foundation
import Location
import Logging
import MECModel
import MECRuntime
import MECTestSupport
import RadioNetwork
import Testing

/// What the services publish and listen to is what the catalogue says, in both directions. `weir topics check`
/// does the other half: it holds the catalogue against the documents in topics/.
@Suite struct TopicCatalogueTests {
    private let bus = MemoryBus(interests: ["#"])
    private let time = RadioTime(nanoseconds: 1_700_000_000_000_000_000)
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Holds what was published against `channels`, and every one of them that is published against that.
    private func compare(_ channels: [TopicChannel]) {
        for event in bus.published {
            let fitting = channels.filter { $0.matches(event.topic) }
            #expect(!fitting.isEmpty, "\(event.topic) is not in the catalogue")
            for channel in fitting {
                #expect(event.retain == channel.isRetained, "\(event.topic)")
                guard !event.payload.isEmpty else { continue }
                #expect(event.contentType == channel.encoding.contentType, "\(event.topic)")
                if channel.role != .request {
                    let names = Set(event.userProperties.map(\.name))
                    let isKept = channel.name == "locationSubscriptionState"
                    #expect(
                        isKept || names.isSuperset(of: ["specversion", "type", "source", "id", "time"]),
                        "\(event.topic)"
                    )
                }
            }
        }
        for channel in channels where channel.role != .request {
            #expect(
                bus.topics.contains(where: channel.matches),
                "nothing was published on \(channel.address)"
            )
        }
    }

    @Test func `names and addresses are given once`() {
        let all =
            RniTopics.channels + LocationTopics.channels + BandwidthTopics.channels
            + AppEnablementTopics.channels
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(Set(all.map(\.address)).count == all.count)
    }

    @Test func `radio network topics`() throws {
        var outlet = RniBusOutlet(bus: bus, epoch: time)
        var state = RadioNetworkState()
        state.apply(try RniShow.batch(), to: &outlet)
        outlet.publishSnapshots(of: state, appInstanceId: "weir", now: time)
        for change in state.takeChanges(now: time) { outlet.publish(change, now: time) }
        try outlet.publisher.flush()
        compare(RniTopics.channels)
    }

    @Test func `location topics`() async throws {
        var outlet = LocationBusOutlet(bus: bus, epoch: time)
        var state = LocationState()
        try LocationShow.run(&state, to: &outlet)
        for change in state.takeChanges(now: time) { outlet.publish(change, now: time, base: "/location/v3") }
        try outlet.publisher.flush()
        let service = LocationService(bus: bus, hub: RadioFactHub(), logger: logger, now: { [time] in time })
        _ = try await service.subscribe(LocationShow.subscriptions[0])
        compare(LocationTopics.channels)
        try await listens(LocationTopics.channels) { try await service.run() }
    }

    @Test func `bandwidth topics`() async throws {
        let service = BandwidthService(
            bus: bus,
            logger: logger,
            now: { [time] in time },
            enforce: { _ in true }
        )
        try await listens(BandwidthTopics.channels) { try await service.run() }
        _ = try await service.allocate(
            BwInfo(appInsId: "a", fixedAllocation: 1, allocationDirection: .downlink)
        )
        _ = try await service.steer(
            MtsSessionInfo(appInsId: "a", mtsMode: .lowCost, trafficDirection: .uplink)
        )
        compare(BandwidthTopics.channels)
    }

    /// Runs a service until it listens to every request topic of `channels`, and to no other.
    private func listens(_ channels: [TopicChannel], _ run: @escaping @Sendable () async throws -> Void)
        async throws
    {
        let running = Task { try await run() }
        while bus.filters.isEmpty { await Task.yield() }
        #expect(Set(bus.filters) == Set(channels.filter { $0.role == .request }.map(\.address)))
        running.cancel()
        try? await running.value
    }
}

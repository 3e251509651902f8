import Bus
import Logging
import MECModel
import MECRuntime
import MECTestSupport
import RadioNetwork
import Testing

/// Runs the service over the in-memory bus until `done` says so, and at most thirty seconds.
private func running(
    _ service: RadioNetworkService,
    until done: @Sendable @escaping () -> Bool
) async throws {
    let task = Task { try await service.run() }
    let deadline = ContinuousClock.now + .seconds(30)
    while !done(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
    #expect(done(), "nothing happened within thirty seconds")
    task.cancel()
    try await task.value
}

struct RadioNetworkServiceTests {
    private let now: @Sendable () -> RadioTime = { RadioTime(nanoseconds: 1_700_000_000_000_000_000) }

    private func service(_ bus: MemoryBus, _ hub: RadioFactHub) -> RadioNetworkService {
        var configuration = RadioNetworkService.Configuration()
        configuration.stateInterval = .milliseconds(5)
        return RadioNetworkService(
            bus: bus,
            hub: hub,
            configuration: configuration,
            logger: Logger(label: "test"),
            now: now
        )
    }

    @Test func `a cell change reaches all three topics, each encoded as it says`() async throws {
        let bus = MemoryBus(interests: ["/rni/#", "mec/v1/#"])
        let hub = RadioFactHub()
        var site = try Site()
        let ue = site.terminal(1, in: Site.lte0)
        #expect(hub.accept(site.take()))
        let service = service(bus, hub)
        try await running(service) {
            if bus.retained.isEmpty { return false }
            if bus.messages(on: "/rni/ue/mobility/cell_change").isEmpty, bus.topics.count < 1_000 {
                var handover = RadioBatch(source: SourceIndex(1))
                handover.append(
                    HandoverFact(terminal: ue, source: Site.lte0, target: Site.lte1, status: .completed),
                    at: RadioTime(nanoseconds: 1_700_000_001_500_000_000)
                )
                _ = hub.accept(handover)
            }
            return !bus.messages(on: "/rni/ue/mobility/cell_change").isEmpty
        }
        let annexA = try #require(bus.messages(on: "/rni/ue/mobility/cell_change").first)
        let json = try #require(bus.messages(on: "mec/v1/json/rni/cell_change/20801/2343011/ue1").first)
        let protobuf = try #require(bus.messages(on: "mec/v1/pb/rni/cell_change/20801/2343011/ue1").first)
        #expect(annexA.payload == json.payload)
        #expect(annexA.contentType == "application/json")
        #expect(annexA.payloadIsUTF8)
        #expect(protobuf.contentType == "application/protobuf")
        let message = try Weir_Rnis_V1_CellChangeNotification(serializedBytes: protobuf.payload)
        #expect(message.hoStatus == .completed)
        #expect(message.srcCell.ecgi.cellID == 0x234_3010)
        #expect(message.trgCell.map(\.ecgi.cellID) == [0x234_3011])
        #expect(message.terminal.name == "ue1")
        // CloudEvents 1.0, MQTT binding 3.1: the same event has the same id wherever it goes.
        #expect(annexA.userProperties == protobuf.userProperties)
        let names = annexA.userProperties.map(\.name)
        #expect(names == ["specversion", "type", "source", "id", "time", "subject"])
        #expect(annexA.userProperties.first { $0.name == "time" }?.value == "2023-11-14T22:13:21.500Z")
        #expect(annexA.userProperties.first { $0.name == "type" }?.value == "org.weir.rni.cell_change")
    }

    @Test func `without a listener only retained state is published`() async throws {
        let bus = MemoryBus()
        let hub = RadioFactHub()
        var site = try Site()
        let ue = site.terminal(1, in: Site.lte0)
        #expect(hub.accept(site.take()))
        site.batch.append(
            .timingAdvance(TimingAdvanceFact(terminal: ue, cell: Site.lte0, timingAdvance: 4)),
            at: site.time
        )
        try await running(service(bus, hub)) {
            bus.retained["mec/v1/json/rni/state/ue/ue1"] != nil
        }
        #expect(bus.published.allSatisfy { $0.retain })
        #expect(
            Set(bus.retained.keys).isSuperset(of: [
                "mec/v1/json/rni/state/ue/ue1", "mec/v1/pb/rni/state/ue/ue1",
                "mec/v1/json/rni/state/cell/20801/2343010", "mec/v1/pb/rni/state/cell/20801/2343010",
                "mec/v1/json/rni/state/cell/00101/500000001",
            ])
        )
        let bytes = try #require(bus.retained["mec/v1/pb/rni/state/ue/ue1"]).payload
        #expect(try Weir_Rnis_V1_UeState(serializedBytes: bytes).servingCell.ecgi.cellID == 0x234_3010)
    }

    @Test func `retained state of what is gone is cleared`() async throws {
        let bus = MemoryBus()
        let hub = RadioFactHub()
        var site = try Site()
        let ue = site.terminal(1, in: Site.lte0)
        #expect(hub.accept(site.take()))
        let service = service(bus, hub)
        try await running(service) { bus.retained["mec/v1/json/rni/state/ue/ue1"] != nil }
        site.batch.append(.terminalRemoved(ue), at: site.time)
        // It goes while the service is down, which must notice all the same.
        #expect(hub.accept(site.take()))
        try await running(service) {
            bus.retained["mec/v1/json/rni/state/ue/ue1"] == nil
                && bus.retained["mec/v1/pb/rni/state/ue/ue1"] == nil
        }
        #expect(bus.retained["mec/v1/json/rni/state/cell/20801/2343010"] != nil)
    }

    @Test func `a service that starts again knows what was and tells none of it twice`() async throws {
        let bus = MemoryBus(interests: ["/rni/#"])
        let hub = RadioFactHub()
        var site = try Site()
        let ue = site.terminal(1, in: Site.lte0)
        site.batch.append(
            .established,
            BearerFact(terminal: ue, cell: Site.lte0, erabId: 5, qci: 9),
            at: site.time
        )
        #expect(hub.accept(site.take()))
        let service = service(bus, hub)
        for _ in 0..<2 {
            bus.forgetPublished()
            try await running(service) { !bus.published.isEmpty }
        }
        #expect(!bus.topics.contains("/rni/ue/rab/establish"))
        let answer = await service.rabInfo(RniQuery(), requestId: "1")
        #expect(answer.cellUserInfo.first?.ueInfo.first?.erabInfo.map(\.erabId) == [5])
    }

    @Test func `a bus that refuses ends the run with its error`() async throws {
        let bus = MemoryBus()
        bus.fail(with: .notAuthorized(topic: "mec/v1/json/rni/state/ue/ue1"))
        let hub = RadioFactHub()
        var site = try Site()
        _ = site.terminal(1, in: Site.lte0)
        #expect(hub.accept(site.take()))
        let service = service(bus, hub)
        await #expect(throws: BusError.notAuthorized(topic: "mec/v1/json/rni/state/ue/ue1")) {
            try await service.run()
        }
    }

    @Test func `state that a full bus refused is published later`() async throws {
        let bus = MemoryBus()
        bus.fail(with: .overloaded)
        let hub = RadioFactHub()
        var site = try Site()
        _ = site.terminal(1, in: Site.lte0)
        #expect(hub.accept(site.take()))
        let service = service(bus, hub)
        let task = Task { try await service.run() }
        while await service.state.terminalCount == 0 { await Task.yield() }
        bus.fail(with: nil)
        let deadline = ContinuousClock.now + .seconds(30)
        while bus.retained["mec/v1/json/rni/state/ue/ue1"] == nil, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(bus.retained["mec/v1/json/rni/state/ue/ue1"] != nil)
        task.cancel()
        try await task.value
    }
}

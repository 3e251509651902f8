import Bandwidth
import Bus
import Foundation
import Logging
import MECModel
import MECTestSupport
import Synchronization
import Testing

@Suite struct BandwidthServiceTests {
    /// What was handed on to be enforced.
    private final class Enforced: Sendable {
        let rates = Mutex<[[EnforcedRate]]>([])
        var last: [EnforcedRate]? { rates.withLock { $0.last } }
    }

    private let bus = MemoryBus()
    private let enforced = Enforced()
    private let time = RadioTime(nanoseconds: 1_700_000_000_000_000_000)

    private func service(volumes: BandwidthService.Volumes? = nil) -> BandwidthService {
        let (enforced, time) = (enforced, time)
        return BandwidthService(
            bus: bus,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { time },
            enforce: { rates in
                enforced.rates.withLock { $0.append(rates) }
                return true
            },
            volumes: volumes
        )
    }

    private var wish: BwInfo { BwInfo(appInsId: "a", fixedAllocation: 1_000, allocationDirection: .downlink) }

    @Test func `an allocation is enforced, kept and told`() async throws {
        bus.listen(to: ["/bwm/#", "mec/v1/pb/bwm/#"])
        let service = service()
        let granted = try await service.allocate(wish)
        let id = try #require(granted.allocationId)
        #expect(enforced.last == [EnforcedRate(subject: .application("a"), sending: 1_000, receiving: nil)])
        #expect(
            Set(bus.retained.keys) == [
                "mec/v1/json/bwm/state/allocation/\(id)", "mec/v1/pb/bwm/state/allocation/\(id)",
            ]
        )
        #expect(bus.retained["mec/v1/json/bwm/state/allocation/\(id)"]?.isVolatile == false)
        #expect(bus.messages(on: "/bwm/allocation/change").count == 1)
        #expect(bus.messages(on: "mec/v1/pb/bwm/allocation_change/a/\(id)").count == 1)
        #expect(bus.messages(on: "mec/v1/json/bwm/allocation_change/a/\(id)").isEmpty, "nobody listens")
        try await service.release(id)
        #expect(enforced.last == [])
        #expect(bus.retained.isEmpty)
    }

    @Test func `MEC 015 V3.1.1's change event comes with every change, to those who listen`() async throws {
        bus.listen(to: ["/bwm/bw_chg_event", "mec/v1/pb/bwm/bw_chg_event/#"])
        let service = service()
        let granted = try await service.allocate(wish)
        try await service.release(try #require(granted.allocationId))
        let events = bus.messages(on: "/bwm/bw_chg_event")
        #expect(events.count == 2)
        let body = String(decoding: try #require(events.first).payload, as: UTF8.self)
        #expect(
            body == """
                {"notificationType":"BwChgEventNotification","timeStamp":{"seconds":1700000000,"nanoSeconds":0},\
                "_links":{"subscription":{"href":"mqtt:///bwm/bw_chg_event"}}}
                """
        )
        #expect(bus.messages(on: "mec/v1/pb/bwm/bw_chg_event/a").count == 2)
        #expect(bus.messages(on: "mec/v1/json/bwm/bw_chg_event/a").isEmpty, "nobody listens")
    }

    @Test func `data that went through is told of once, by application and terminal`() async throws {
        bus.listen(to: ["mec/v1/pb/bwm/bw_chg_event/#"])
        let counted = Mutex<[String: UInt64]>([:])
        let service = service { counted.withLock { $0 } }
        var session = wish
        session.requestType = .sessionSpecific
        session.sessionFilter = [BwSessionFilter(sourceIp: "10.0.0.1", dstAddress: "10.0.0.2")]
        let granted = try await service.allocate(session)
        let id = try #require(granted.allocationId)
        let topic = "mec/v1/pb/bwm/bw_chg_event/a"
        func moved() throws -> [Weir_Bandwidth_V1_DataVolDispersion] {
            try bus.messages(on: topic).flatMap {
                try Weir_Bandwidth_V1_BwChgEventNotification(serializedBytes: $0.payload).dataVolDispersion
            }
        }
        let start = time
        for (step, bytes) in [(1, 1_000), (2, 1_500), (3, 1_500), (4, 200)] as [(Double, UInt64)] {
            counted.withLock { $0 = [id: bytes, "other": 7] }
            await service.tellVolumes(start.advanced(bySeconds: step * 20))
        }
        try await service.release(id)
        // 200 after 1,500: the kernel began anew.
        #expect(try moved().map(\.dataVol) == [1_000, 500, 200])
        #expect(try moved().allSatisfy { $0.appInsID == "a" && $0.ueIp == "10.0.0.2" })
    }

    @Test func `what cannot be kept is not granted`() async throws {
        let service = service()
        bus.fail(with: .storage("full"))
        await #expect(throws: BusError.storage("full")) { _ = try await service.allocate(wish) }
        #expect(await service.allocations(BwQuery()).isEmpty)
        #expect(enforced.last == [])
    }

    @Test func `steering that cannot be kept is taken back`() async throws {
        let service = service()
        let session = MtsSessionInfo(appInsId: "a", mtsMode: .lowCost, trafficDirection: .downlink)
        let kept = try await service.steer(session)
        let id = try #require(kept.sessionId)
        bus.fail(with: .storage("full"))
        await #expect(throws: BusError.storage("full")) { _ = try await service.steer(session) }
        await #expect(throws: BusError.storage("full")) { try await service.unsteer(id) }
        #expect(await service.sessions(BwQuery()).map(\.sessionId) == [id])
    }

    @Test func `a service that starts again enforces what it granted`() async throws {
        let granted = try await service().allocate(wish)
        let again = service()
        let run = Task { try await again.run() }
        while await again.allocations(BwQuery()).isEmpty { await Task.yield() }
        #expect(await again.allocations(BwQuery()).map(\.allocationId) == [granted.allocationId])
        run.cancel()
        try? await run.value
        #expect(enforced.last == [EnforcedRate(subject: .application("a"), sending: 1_000, receiving: nil)])
    }
}

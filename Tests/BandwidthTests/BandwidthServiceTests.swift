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

    private func service() -> BandwidthService {
        let (enforced, time) = (enforced, time)
        return BandwidthService(
            bus: bus,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { time },
            enforce: { rates in
                enforced.rates.withLock { $0.append(rates) }
                return true
            }
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

    @Test func `what cannot be kept is not granted`() async throws {
        let service = service()
        bus.fail(with: .storage("full"))
        await #expect(throws: BusError.storage("full")) { _ = try await service.allocate(wish) }
        #expect(await service.allocations(BwQuery()).isEmpty)
        #expect(enforced.last == [])
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

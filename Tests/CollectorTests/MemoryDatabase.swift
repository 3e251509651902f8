import Collector
import Uplink

/// A database in memory, and whom it fails: for simulations.
final class MemoryDatabase: CollectorDatabase {
    struct Event: Hashable {
        var lane: Int64
        var sequence: UInt64
    }

    private struct State {
        var sites: [String: SiteRecord] = [:]
        var lanes: [String: LaneRecord] = [:]
        var events: [Event: StoredEvent] = [:]
        /// Rows that were inserted although they were there.
        var violations = 0
    }

    private var state = State()
    /// Called before a commit; throws to fail it.
    var beforeCommit: () throws -> Void = {}

    func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        let before = state
        do {
            let result = try body()
            try beforeCommit()
            return result
        } catch {
            state = before
            throw error
        }
    }

    func site(_ name: String) throws -> SiteRecord? { state.sites[name] }

    func save(_ site: SiteRecord) throws -> SiteRecord {
        var site = site
        if site.id == 0 { site.id = Int64(state.sites.count + 1) }
        state.sites[site.name] = site
        return site
    }

    func lane(site: Int64, _ name: String, epoch: UInt64) throws -> LaneRecord {
        let key = "\(site)/\(name)/\(epoch)"
        if let lane = state.lanes[key] { return lane }
        let lane = LaneRecord(id: Int64(state.lanes.count + 1), name: name, epoch: epoch)
        state.lanes[key] = lane
        return lane
    }

    func save(_ lane: LaneRecord, coverage old: Coverage) throws {
        for (key, value) in state.lanes where value.id == lane.id { state.lanes[key] = lane }
    }

    func insert(_ events: inout BatchEvents, lane: Int64, notIn coverage: Coverage?) throws -> UInt64 {
        var count: UInt64 = 0
        while let event = events.next() {
            if let coverage, coverage.contains(event.sequence) { continue }
            let stored = StoredEvent(
                sequence: event.sequence,
                time: event.time,
                topic: String(decoding: events.topics[event.topic], as: UTF8.self),
                source: String(decoding: events.sources[event.source], as: UTF8.self),
                qos: event.qos,
                retain: event.retain,
                properties: event.properties < 0 ? [] : Array(events.properties[event.properties]),
                payload: Array(event.payload)
            )
            let old = state.events.updateValue(stored, forKey: Event(lane: lane, sequence: event.sequence))
            if old != nil { state.violations += 1 }
            count += 1
        }
        return count
    }

    func status() throws -> [SiteStatus] {
        state.sites.values.map { SiteStatus(site: $0, lanes: Array(state.lanes.values)) }
    }

    func events(lane: Int64, after sequence: UInt64, to last: UInt64, limit: Int) throws -> [StoredEvent] {
        let own = state.events.filter {
            $0.key.lane == lane && $0.key.sequence > sequence && $0.key.sequence <= last
        }
        return Array(own.values.sorted { $0.sequence < $1.sequence }.prefix(limit))
    }

    private struct Claim {
        var sequence: UInt64
        var owner: String
        var until: Int64
    }
    private var claims: [Int64: Claim] = [:]

    func claim(lane: Int64, for owner: String, now: Int64, until: Int64, start: UInt64) throws -> UInt64? {
        var claim = claims[lane] ?? Claim(sequence: start, owner: owner, until: until)
        guard claim.owner == owner || claim.until <= now else { return nil }
        (claim.owner, claim.until) = (owner, until)
        claims[lane] = claim
        return claim.sequence
    }

    func published(lane: Int64, by owner: String, to sequence: UInt64) throws {
        if claims[lane]?.owner == owner { claims[lane]?.sequence = sequence }
    }

    var violations: Int { state.violations }
    var lanes: [LaneRecord] { Array(state.lanes.values) }

    /// The payloads of a lane in the order of their sequences.
    func payloads(lane: String) -> [String] {
        let ids = Set(state.lanes.values.filter { $0.name == lane }.map(\.id))
        return state.events.filter { ids.contains($0.key.lane) }.sorted { $0.key.sequence < $1.key.sequence }
            .map { String(decoding: $0.value.payload, as: UTF8.self) }
    }
}

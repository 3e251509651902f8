package import MECModel

/// Which allocations and steering sessions are in force, and what of each link they take.
///
/// Admission: the sum of what a link carries never exceeds its capacity in either direction. An allocation that
/// does not fit takes the place of others of lower priority, the lowest and newest first, if that is enough;
/// else it is refused and nothing changes.
package struct BandwidthState: Sendable {
    /// Something that happened because of a request or of time.
    package struct Change: Sendable, Hashable {
        package var change: BwChange
        package var info: BwInfo
    }

    /// What a resource takes of the links.
    struct Load: Sendable {
        var links: [UInt32]
        var downlink: UInt64
        var uplink: UInt64
    }

    struct Allocation: Sendable {
        var info: BwInfo
        var load: Load
        /// Order of arrival.
        var number: UInt64
    }

    private struct Session: Sendable {
        var info: MtsSessionInfo
        var load: Load
    }

    package let settings: BandwidthSettings
    private(set) var allocationsByID: [String: Allocation] = [:]
    private var sessionsByID: [String: Session] = [:]
    private var count: UInt64 = 0

    package init(settings: BandwidthSettings) {
        self.settings = settings
    }

    // MARK: - Queries

    package var allocations: [BwInfo] {
        allocationsByID.values.sorted { $0.number < $1.number }.map(\.info)
    }

    package var sessions: [MtsSessionInfo] {
        sessionsByID.values.map(\.info).sorted { ($0.sessionId ?? "") < ($1.sessionId ?? "") }
    }

    package func allocation(_ id: String) -> BwInfo? { allocationsByID[id]?.info }
    package func session(_ id: String) -> MtsSessionInfo? { sessionsByID[id]?.info }

    /// Bits per second of a link that nothing has taken.
    package func free(_ link: BandwidthSettings.Link) -> (downlink: UInt64, uplink: UInt64) {
        free(link, without: [])
    }

    package func capability(at time: RadioTime) -> MtsCapabilityInfo {
        MtsCapabilityInfo(
            timeStamp: TimeStamp(time),
            mtsAccessInfo: settings.links.map {
                MtsAccessInfo(accessId: $0.id, accessType: $0.accessType, metered: $0.isMetered ? 1 : 0)
            },
            mtsMode: MtsMode.allCases
        )
    }

    // MARK: - Allocations

    /// Begins the allocation `id`, or changes it where there is one of that identifier.
    ///
    /// - Returns: What it changed, in order: others that had to yield, then the allocation itself.
    package mutating func allocate(_ info: BwInfo, id: String, at time: RadioTime) throws(BandwidthFault)
        -> [Change]
    {
        try check(info, at: time)
        guard let bits = info.bitsPerSecond, let priority = info.priority else {
            throw .invalid("fixedAllocation or fixedBWPriority is no number")
        }
        let old = allocationsByID[id]
        if old == nil { try checkRoom() }
        let down = info.allocationDirection.usesDownlink ? bits : 0
        let up = info.allocationDirection.usesUplink ? bits : 0
        // The lowest priority yields first, and of one priority the newest.
        let weaker = allocationsByID.filter { $0.key != id && ($0.value.info.priority ?? 0) < priority }
            .sorted {
                ($0.value.info.priority ?? 0, $1.value.number) < (
                    $1.value.info.priority ?? 0, $0.value.number
                )
            }
            .map(\.key)
        for yielding in 0...weaker.count {
            let gone = Set(weaker.prefix(yielding) + [id])
            guard let link = link(down, up, without: gone) else { continue }
            // Only those on the chosen link need to go.
            let losers = weaker.prefix(yielding).filter { allocationsByID[$0]?.load.links == [link] }
            var changes: [Change] = []
            for loser in losers {
                guard let lost = allocationsByID.removeValue(forKey: loser) else { continue }
                changes.append(Change(change: .preempted, info: lost.info))
            }
            var kept = info
            kept.allocationId = id
            kept.timeStamp = TimeStamp(time)
            count += 1
            allocationsByID[id] = Allocation(
                info: kept,
                load: Load(links: [link], downlink: down, uplink: up),
                number: old?.number ?? count
            )
            changes.append(Change(change: old == nil ? .created : .updated, info: kept))
            return changes
        }
        throw .full(refusal(down, up, priority))
    }

    package mutating func change(_ deltas: BwInfoDeltas, at time: RadioTime) throws(BandwidthFault)
        -> [Change]
    {
        guard let old = allocationsByID[deltas.allocationId] else { throw .unknown(deltas.allocationId) }
        return try allocate(deltas.applied(to: old.info), id: deltas.allocationId, at: time)
    }

    package mutating func release(_ id: String) throws(BandwidthFault) -> Change {
        guard let old = allocationsByID.removeValue(forKey: id) else { throw .unknown(id) }
        return Change(change: .deleted, info: old.info)
    }

    /// Ends what has expired.
    package mutating func advance(to time: RadioTime) -> [Change] {
        let due = allocationsByID.filter { entry in
            entry.value.info.expiryDeadline.map { $0.time <= time } ?? false
        }
        return due.sorted { $0.value.number < $1.value.number }.map { id, allocation in
            allocationsByID[id] = nil
            return Change(change: .expired, info: allocation.info)
        }
    }

    private func check(_ info: BwInfo, at time: RadioTime) throws(BandwidthFault) {
        guard !info.appInsId.isEmpty, info.appInsId.utf8.count <= 256 else {
            throw .invalid("appInsId has 1 to 256 bytes, found \(info.appInsId.utf8.count)")
        }
        guard let bits = info.bitsPerSecond, bits > 0 else {
            throw .invalid(
                "fixedAllocation is a number of bits per second above 0, found \"\(info.fixedAllocation.prefix(32))\""
            )
        }
        guard info.priority != nil else {
            throw .invalid(
                "fixedBWPriority is \"0\" to \"7\", found \"\((info.fixedBWPriority ?? "").prefix(32))\""
            )
        }
        if let deadline = info.expiryDeadline, deadline.time <= time {
            throw .invalid("expiryDeadline has passed")
        }
        let filters = info.sessionFilter ?? []
        guard filters.count <= settings.maximumFilters else {
            throw .invalid(
                "sessionFilter has at most \(settings.maximumFilters) entries, found \(filters.count)"
            )
        }
        switch info.requestType {
        case .applicationSpecific:
            guard filters.isEmpty else {
                throw .invalid("sessionFilter is for requestType 1 (session specific), found requestType 0")
            }
        case .sessionSpecific:
            guard !filters.isEmpty else { throw .invalid("requestType 1 needs a sessionFilter") }
            for filter in filters {
                let addresses = [filter.sourceIp, filter.dstAddress].compactMap(\.self)
                guard !addresses.isEmpty else {
                    throw .invalid("a sessionFilter needs sourceIp or dstAddress")
                }
                for address in addresses where IPAddress(address) == nil {
                    throw .invalid(
                        "a sessionFilter's address is IPv4 or IPv6 without prefix, found \"\(address.prefix(64))\""
                    )
                }
                for port in [filter.sourcePort, filter.dstPort].compactMap(\.self) where UInt16(port) == nil {
                    throw .invalid("a sessionFilter's port is 0 to 65535, found \"\(port.prefix(32))\"")
                }
                if let number = filter.protocol, UInt8(number) == nil {
                    throw .invalid("a sessionFilter's protocol is 0 to 255, found \"\(number.prefix(32))\"")
                }
            }
        }
    }

    private func checkRoom() throws(BandwidthFault) {
        guard allocationsByID.count + sessionsByID.count < settings.maximumResources else {
            throw BandwidthFault(
                status: 403,
                title: "too many",
                detail: "services.bandwidth.maximumResources, \(settings.maximumResources), are in force"
            )
        }
    }

    private func refusal(_ down: UInt64, _ up: UInt64, _ priority: Int) -> String {
        let free = settings.links.map { link in
            let free = self.free(link)
            return "link \(link.id) has \(free.downlink) down and \(free.uplink) up"
        }
        return
            "asked for \(down) bit/s down and \(up) up at priority \(priority); \(free.joined(separator: ", "))"
    }

    // MARK: - Links

    private func free(_ link: BandwidthSettings.Link, without gone: Set<String>) -> (
        downlink: UInt64, uplink: UInt64
    ) {
        var (down, up) = (link.downlink, link.uplink)
        func take(_ load: Load) {
            guard load.links.contains(link.id) else { return }
            down -= min(down, load.downlink)
            up -= min(up, load.uplink)
        }
        for (id, allocation) in allocationsByID where !gone.contains(id) { take(allocation.load) }
        for (id, session) in sessionsByID where !gone.contains(id) { take(session.load) }
        return (down, up)
    }

    /// The first link with so much room.
    private func link(_ down: UInt64, _ up: UInt64, without gone: Set<String>) -> UInt32? {
        settings.links.first { link in
            let free = free(link, without: gone)
            return free.downlink >= down && free.uplink >= up
        }?.id
    }

    // MARK: - Steering

    /// Begins the steering session `id`, or replaces it: chooses accesses and reserves what `qosD.minTpt` asks for.
    package mutating func steer(_ info: MtsSessionInfo, id: String, at time: RadioTime) throws(BandwidthFault)
        -> MtsSessionInfo
    {
        guard !info.appInsId.isEmpty, info.appInsId.utf8.count <= 256 else {
            throw .invalid("appInsId has 1 to 256 bytes, found \(info.appInsId.utf8.count)")
        }
        guard info.flowFilter.count <= settings.maximumFilters else {
            throw .invalid(
                "flowFilter has at most \(settings.maximumFilters) entries, found \(info.flowFilter.count)"
            )
        }
        if info.requestType == .sessionSpecific, info.flowFilter.isEmpty {
            throw .invalid("requestType 1 needs a flowFilter")
        }
        if info.requestType == .applicationSpecific, !info.flowFilter.isEmpty {
            throw .invalid("requestType 0 takes no flowFilter, found \(info.flowFilter.count) entries")
        }
        if sessionsByID[id] == nil { try checkRoom() }
        let bits = UInt64(info.qosD.minTpt ?? 0) * 1_000
        let down = info.trafficDirection.usesDownlink ? bits : 0
        let up = info.trafficDirection.usesUplink ? bits : 0
        let accesses = choose(info, down, up, id)
        guard !accesses.isEmpty else { throw .full(refusal(down, up, Int(info.qosD.priority ?? 0))) }
        var kept = info
        kept.sessionId = id
        kept.timeStamp = TimeStamp(time)
        kept.accessId = accesses
        sessionsByID[id] = Session(info: kept, load: Load(links: accesses, downlink: down, uplink: up))
        return kept
    }

    package mutating func unsteer(_ id: String) throws(BandwidthFault) -> MtsSessionInfo {
        guard let old = sessionsByID.removeValue(forKey: id) else { throw .unknown(id) }
        return old.info
    }

    private func choose(_ info: MtsSessionInfo, _ down: UInt64, _ up: UInt64, _ id: String) -> [UInt32] {
        func room(_ link: BandwidthSettings.Link) -> UInt64 {
            let free = free(link, without: [id])
            return switch info.trafficDirection {
            case .downlink: free.downlink
            case .uplink: free.uplink
            case .symmetrical: min(free.downlink, free.uplink)
            }
        }
        let fitting = settings.links.filter { link in
            let free = free(link, without: [id])
            return free.downlink >= down && free.uplink >= up
        }
        switch info.mtsMode {
        case .lowCost:
            return Array((fitting.filter { !$0.isMetered } + fitting.filter(\.isMetered)).prefix(1).map(\.id))
        case .lowLatency:
            return fitting.min { $0.latency < $1.latency }.map { [$0.id] } ?? []
        case .highThroughput:
            return fitting.max { room($0) < room($1) }.map { [$0.id] } ?? []
        case .redundancy:
            // With less than all of them there would be no redundancy to speak of, save where there is one link.
            return fitting.count == settings.links.count ? fitting.map(\.id) : []
        case .qos:
            let limit = info.qosD.maxLatency.map { Duration.nanoseconds(Int64($0) * 10) }
            return fitting.first { link in limit.map { link.latency <= $0 } ?? true }.map { [$0.id] } ?? []
        }
    }
}

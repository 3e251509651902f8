import MECModel
package import TrafficControl

extension BandwidthState {
    /// What the kernel is to keep: of each link that names an interface, the allocations on it.
    package var shapingPlan: ShapingPlan {
        let addresses = Dictionary(settings.applications.map { ($0.appInsId, $0.addresses) }) { $0 + $1 }
        var plans: [InterfacePlan] = []
        for link in settings.links {
            let classes = allocationsByID.values.filter { $0.load.links.contains(link.id) }
                .sorted { $0.number < $1.number }
            func shaped(_ rate: (Load) -> UInt64) -> [ShapedClass] {
                classes.compactMap { shapedClass($0, rate: rate($0.load), addresses) }
            }
            if let name = link.downlinkInterface {
                plans.append(
                    InterfacePlan(name: name, capacity: link.downlink, classes: shaped { $0.downlink })
                )
            }
            if let name = link.uplinkInterface {
                plans.append(InterfacePlan(name: name, capacity: link.uplink, classes: shaped { $0.uplink }))
            }
        }
        return ShapingPlan(plans)
    }

    /// `nil` for what does not go this way, and for an application whose addresses nobody told.
    private func shapedClass(
        _ allocation: Allocation,
        rate: UInt64,
        _ addresses: [String: [IPAddress]]
    ) -> ShapedClass? {
        let info = allocation.info
        guard rate > 0, let id = info.allocationId else { return nil }
        let matches: [FlowMatch] =
            switch info.requestType {
            case .applicationSpecific:
                (addresses[info.appInsId] ?? []).flatMap { address in
                    [FlowMatch(source: address), FlowMatch(destination: address)]
                }
            case .sessionSpecific:
                // A filter names a session, whose packets go both ways; the interface tells which are meant.
                (info.sessionFilter ?? []).map(FlowMatch.init).flatMap { [$0, $0.reversed] }
            }
        guard !matches.isEmpty else { return nil }
        return ShapedClass(
            id: id,
            rate: rate,
            precedence: 7 - (info.priority ?? 0),
            isSpecific: info.requestType == .sessionSpecific,
            matches: matches
        )
    }
}

extension FlowMatch {
    fileprivate init(_ filter: BwSessionFilter) {
        self.init(
            source: filter.sourceIp.flatMap(IPAddress.init),
            destination: filter.dstAddress.flatMap(IPAddress.init)
        )
        sourcePort = filter.sourcePort.flatMap(UInt16.init)
        destinationPort = filter.dstPort.flatMap(UInt16.init)
        protocolNumber = filter.protocol.flatMap(UInt8.init)
    }
}

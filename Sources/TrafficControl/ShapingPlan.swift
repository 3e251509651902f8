package import MECModel

/// Which rates are to be kept on which interfaces: all of them, and no others.
package struct ShapingPlan: Sendable, Hashable {
    /// By name, in alphabetical order.
    package private(set) var interfaces: [InterfacePlan]

    /// Plans for one interface are put together: their capacities add up.
    package init(_ plans: [InterfacePlan]) {
        var merged: [String: InterfacePlan] = [:]
        for plan in plans {
            guard var known = merged[plan.name] else {
                merged[plan.name] = plan
                continue
            }
            known.capacity = known.capacity.addingReportingOverflow(plan.capacity).partialValue
            known.classes += plan.classes
            merged[plan.name] = known
        }
        interfaces = merged.values.sorted { $0.name < $1.name }
    }
}

/// What leaves one network interface.
package struct InterfacePlan: Sendable, Hashable {
    /// As `ip link` shows it: `eth1`.
    package let name: String
    /// Bits per second that leave it at most, allocated or not.
    package var capacity: UInt64
    package var classes: [ShapedClass]

    package init(name: String, capacity: UInt64, classes: [ShapedClass]) {
        self.name = name
        self.capacity = capacity
        self.classes = classes
    }
}

/// Traffic that has a rate of its own.
package struct ShapedClass: Sendable, Hashable {
    /// Unique on its interface: the allocation's identifier.
    package let id: String
    /// Bits per second: guaranteed, and not exceeded.
    package var rate: UInt64
    /// 0…7; of classes that wait at the same time the lowest is served first.
    package var precedence: Int
    /// Looked at before the others: one session of an application that has a rate of its own.
    package var isSpecific: Bool
    /// A packet belongs to the class when one of them matches.
    package var matches: [FlowMatch]

    package init(id: String, rate: UInt64, precedence: Int, isSpecific: Bool, matches: [FlowMatch]) {
        self.id = id
        self.rate = rate
        self.precedence = precedence
        self.isSpecific = isSpecific
        self.matches = matches
    }
}

/// What the header of a packet has to say. What is absent does not narrow.
package struct FlowMatch: Sendable, Hashable {
    package var source: IPAddress?
    package var sourcePort: UInt16?
    package var destination: IPAddress?
    package var destinationPort: UInt16?
    /// IANA protocol number: 6 TCP, 17 UDP.
    package var protocolNumber: UInt8?

    package init(source: IPAddress? = nil, destination: IPAddress? = nil) {
        self.source = source
        self.destination = destination
    }

    /// The same session's packets in the other direction.
    package var reversed: FlowMatch {
        var match = FlowMatch(source: destination, destination: source)
        match.sourcePort = destinationPort
        match.destinationPort = sourcePort
        match.protocolNumber = protocolNumber
        return match
    }

    /// `nil` for a mixture of IPv4 and IPv6, which no packet is, and where no address is given.
    var isIPv6: Bool? {
        let families = Set([source, destination].compactMap { $0?.isIPv6 })
        return families.count == 1 ? families.first : nil
    }
}

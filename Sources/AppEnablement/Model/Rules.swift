import MECModel

/// Whether a rule is in force, MEC 011 7.1.5.
package enum RuleState: String, Hashable, Sendable, Codable, CaseIterable {
    case active = "ACTIVE"
    case inactive = "INACTIVE"
}

/// TrafficRule, MEC 011 7.1.2.2.
package struct TrafficRule: Hashable, Sendable, Codable {
    package enum FilterType: String, Hashable, Sendable, Codable, CaseIterable {
        case flow = "FLOW"
        case packet = "PACKET"
    }

    package enum Action: String, Hashable, Sendable, Codable, CaseIterable {
        case drop = "DROP"
        case forwardDecapsulated = "FORWARD_DECAPSULATED"
        case forwardEncapsulated = "FORWARD_ENCAPSULATED"
        case passthrough = "PASSTHROUGH"
        case duplicateDecapsulated = "DUPLICATE_DECAPSULATED"
        case duplicateEncapsulated = "DUPLICATE_ENCAPSULATED"

        var isForward: Bool { self != .drop && self != .passthrough }
    }

    package var trafficRuleId: String
    package var filterType: FilterType
    /// 0 (highest) to 255.
    package var priority: Int
    package var trafficFilter: [TrafficFilter]
    package var action: Action
    package var dstInterface: DestinationInterface?
    package var state: RuleState

    package func check() throws(RequestFault) {
        try AppInfo.check(identifier: trafficRuleId, "trafficRuleId")
        guard (0...255).contains(priority) else {
            throw .invalid("priority", expected: "0 (highest) to 255", found: "\(priority)")
        }
        guard (1...100).contains(trafficFilter.count) else {
            throw .invalid("trafficFilter", expected: "1 to 100 filters", found: "\(trafficFilter.count)")
        }
        for (index, filter) in trafficFilter.enumerated() { try filter.check("trafficFilter[\(index)]") }
        // 7.1.2.2: an interface for what goes somewhere; one more than one with FORWARD_… is for later versions.
        if action.isForward, dstInterface == nil {
            throw .invalid(
                "dstInterface",
                expected: "an interface, since action is \(action.rawValue)",
                found: "nothing"
            )
        }
        try dstInterface?.check("dstInterface")
    }
}

/// TrafficFilter, MEC 011 7.1.5.2.
package struct TrafficFilter: Hashable, Sendable, Codable {
    /// Addresses or networks: `192.0.2.0/24`, `2001:db8::/32`.
    package var srcAddress: [String]?
    package var dstAddress: [String]?
    /// Ports or ranges: `80`, `1024-2048`.
    package var srcPort: [String]?
    package var dstPort: [String]?
    package var `protocol`: [String]?
    package var tag: [String]?
    package var srcTunnelAddress: [String]?
    package var tgtTunnelAddress: [String]?
    package var srcTunnelPort: [String]?
    package var dstTunnelPort: [String]?
    /// 0…255.
    package var qCI: Int?
    /// 0…63, the six bits of RFC 2474.
    package var dSCP: Int?
    /// Traffic class, 0…255.
    package var tC: Int?

    func check(_ field: String) throws(RequestFault) {
        for (list, name) in [
            (srcAddress, "srcAddress"), (dstAddress, "dstAddress"), (srcTunnelAddress, "srcTunnelAddress"),
            (tgtTunnelAddress, "tgtTunnelAddress"),
        ] {
            for (index, text) in (list ?? []).enumerated() where !NetworkText.isAddressOrNetwork(text) {
                throw .invalid(
                    "\(field).\(name)[\(index)]",
                    expected: "an IP address or network",
                    found: text
                )
            }
        }
        for (list, name) in [
            (srcPort, "srcPort"), (dstPort, "dstPort"), (srcTunnelPort, "srcTunnelPort"),
            (dstTunnelPort, "dstTunnelPort"),
        ] {
            for (index, text) in (list ?? []).enumerated() where !NetworkText.isPortOrRange(text) {
                throw .invalid(
                    "\(field).\(name)[\(index)]",
                    expected: "a port or range such as 80 or 1024-2048",
                    found: text
                )
            }
        }
        for (value, name, range) in [(qCI, "qCI", 0...255), (dSCP, "dSCP", 0...63), (tC, "tC", 0...255)] {
            if let value, !range.contains(value) {
                throw .invalid(
                    "\(field).\(name)",
                    expected: "\(range.lowerBound) to \(range.upperBound)",
                    found: "\(value)"
                )
            }
        }
    }
}

/// DestinationInterface, MEC 011 7.1.5.3.
package struct DestinationInterface: Hashable, Sendable, Codable {
    package enum InterfaceType: String, Hashable, Sendable, Codable, CaseIterable {
        case tunnel = "TUNNEL"
        case mac = "MAC"
        case ip = "IP"
    }

    /// TunnelInfo, 7.1.5.4.
    package struct TunnelInfo: Hashable, Sendable, Codable {
        package enum TunnelType: String, Hashable, Sendable, Codable, CaseIterable {
            case gtpU = "GTP_U"
            case gre = "GRE"
        }

        package var tunnelType: TunnelType
        package var tunnelDstAddress: String?
        package var tunnelSrcAddress: String?
    }

    package var interfaceType: InterfaceType
    package var tunnelInfo: TunnelInfo?
    package var srcMacAddress: String?
    package var dstMacAddress: String?
    package var dstIpAddress: String?

    func check(_ field: String) throws(RequestFault) {
        switch interfaceType {
        case .tunnel where tunnelInfo == nil:
            throw .invalid(
                "\(field).tunnelInfo",
                expected: "it, since interfaceType is TUNNEL",
                found: "nothing"
            )
        case .mac where srcMacAddress == nil || dstMacAddress == nil:
            throw .invalid(
                "\(field).srcMacAddress",
                expected: "it and dstMacAddress, since interfaceType is MAC",
                found: "nothing"
            )
        case .ip where dstIpAddress == nil:
            throw .invalid(
                "\(field).dstIpAddress",
                expected: "it, since interfaceType is IP",
                found: "nothing"
            )
        default: break
        }
        if let dstIpAddress, !NetworkText.isAddress(dstIpAddress) {
            throw .invalid("\(field).dstIpAddress", expected: "an IP address", found: dstIpAddress)
        }
    }
}

/// DnsRule, MEC 011 7.1.2.3.
package struct DnsRule: Hashable, Sendable, Codable {
    package enum AddressType: String, Hashable, Sendable, Codable, CaseIterable {
        case ipv4 = "IP_V4"
        case ipv6 = "IP_V6"
    }

    package var dnsRuleId: String
    package var domainName: String
    package var ipAddressType: AddressType
    package var ipAddress: String
    /// Seconds.
    package var ttl: UInt32?
    package var state: RuleState

    package func check() throws(RequestFault) {
        try AppInfo.check(identifier: dnsRuleId, "dnsRuleId")
        let labels = domainName.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            domainName.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
            }
        guard isName else { throw .invalid("domainName", expected: "a domain name", found: domainName) }
        guard let address = IPAddress(ipAddress), address.isIPv6 == (ipAddressType == .ipv6) else {
            throw .invalid(
                "ipAddress",
                expected: "an address of type \(ipAddressType.rawValue)",
                found: ipAddress
            )
        }
    }
}

/// The texts that rules name networks and ports with.
enum NetworkText {
    static func isAddress(_ text: String) -> Bool { IPAddress(text) != nil }

    static func isAddressOrNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return false }
        guard parts.count == 2 else { return true }
        return UInt8(parts[1]).map { $0 <= (address.isIPv6 ? 128 : 32) } ?? false
    }

    static func isPortOrRange(_ text: String) -> Bool {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard (1...2).contains(ends.count), let first = ends.first ?? nil, let last = ends.last ?? nil else {
            return false
        }
        return first <= last
    }
}

/// What binds an event to a terminal or flow, MEC 012 6.5.4.
package struct AssociateId: Hashable, Sendable, Codable {
    package enum Kind: UInt8, Sendable, Codable, CaseIterable {
        case ueIPv4Address = 1
        case ueIPv6Address = 2
        case natedIPAddress = 3
        case gtpTEID = 4
    }

    package var type: Kind
    package var value: String

    package init(type: Kind, value: String) {
        self.type = type
        self.value = value
    }

    package init(_ address: IPAddress) {
        type = address.isIPv6 ? .ueIPv6Address : .ueIPv4Address
        value = address.description
    }
}

package import Reactor

/// A network in CIDR notation, `10.0.0.0/8` or `2001:db8::/32`, or one address.
package struct AddressRange: Sendable, Equatable {
    private let high: UInt64
    private let low: UInt64
    /// Leading bits that count, of 128; IPv4 is taken as IPv6 writes it.
    private let bits: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = SocketAddress(literal: String(first), port: 0),
            let (high, low) = address.bits
        else { return nil }
        let width = if case .ipv4 = address { 32 } else { 128 }
        var prefix = width
        if parts.count == 2 {
            guard let number = Int(parts[1]), (0...width).contains(number), parts[1].first != "+" else {
                return nil
            }
            prefix = number
        }
        bits = 128 - width + prefix
        self.high = high & Self.mask(bits)
        self.low = low & Self.mask(bits - 64)
    }

    package func contains(_ address: SocketAddress) -> Bool {
        guard let (high, low) = address.bits else { return false }
        return high & Self.mask(bits) == self.high && low & Self.mask(bits - 64) == self.low
    }

    /// The leading `count` bits of 64.
    private static func mask(_ count: Int) -> UInt64 {
        count <= 0 ? 0 : count >= 64 ? .max : ~(UInt64.max >> UInt64(count))
    }
}

extension SocketAddress {
    /// The address as 16 bytes, IPv4 as IPv6 writes it (RFC 4291 2.5.5.2); `nil` for a path.
    package var bits: (high: UInt64, low: UInt64)? {
        switch self {
        case .ipv4(let address, _): (0, 0xFFFF_0000_0000 | UInt64(address))
        case .ipv6(let high, let low, _, _): (high, low)
        case .unix: nil
        }
    }
}

import Glibc

/// Addresses, client identifiers and users that are turned away.
struct BanList: Sendable {
    fileprivate struct Network: Sendable {
        var key: AddressKey
        var highMask: UInt64
        var lowMask: UInt64
    }

    private var networks: [Network] = []
    private let clientIDs: [String]
    private let users: [String]

    init(_ settings: AccessSettings.BanSettings, _ errors: inout [AccessSettingsError]) {
        clientIDs = settings.clientIDs
        users = settings.users
        for text in settings.addresses {
            if let network = Self.network(text) {
                networks.append(network)
            } else {
                errors.append(
                    AccessSettingsError(
                        "access.banned.addresses",
                        found: "\"\(text)\"",
                        expected: "an IP address, or a network such as 192.0.2.0/24 or 2001:db8::/32"
                    )
                )
            }
        }
    }

    func refusal(of request: ConnectRequest) -> Refusal? {
        if let key = request.addressKey, networks.contains(where: { $0.contains(key) }) {
            return Refusal(.banned, "the address is banned")
        }
        if clientIDs.contains(where: { Glob.matches(request.clientID, $0) }) {
            return Refusal(.banned, "the client identifier is banned")
        }
        return nil
    }

    func refusal(ofUser name: String) -> Refusal? {
        guard users.contains(where: { Glob.matches(name, $0) }) else { return nil }
        return Refusal(.banned, "user \"\(name)\" is banned")
    }

    private static func network(_ text: String) -> Network? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = parts.first else { return nil }
        var four = in_addr()
        var six = in6_addr()
        let key: AddressKey
        let bits: Int
        if inet_pton(AF_INET, String(address), &four) == 1 {
            guard let found = AddressKey(bytes: withUnsafeBytes(of: four) { Array($0) }) else { return nil }
            (key, bits) = (found, 32)
        } else if inet_pton(AF_INET6, String(address), &six) == 1 {
            guard let found = AddressKey(bytes: withUnsafeBytes(of: six) { Array($0) }) else { return nil }
            (key, bits) = (found, 128)
        } else {
            return nil
        }
        var prefix = bits
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...bits).contains(given) else { return nil }
            prefix = given
        }
        // IPv4 is kept as the last 32 of 128 bits.
        let length = prefix + 128 - bits
        let highMask: UInt64 = length >= 64 ? .max : length == 0 ? 0 : .max << UInt64(64 - length)
        let lowMask: UInt64 = length <= 64 ? 0 : .max << UInt64(128 - length)
        return Network(
            key: AddressKey(high: key.high & highMask, low: key.low & lowMask),
            highMask: highMask,
            lowMask: lowMask
        )
    }
}

extension BanList.Network {
    fileprivate func contains(_ other: AddressKey) -> Bool {
        other.high & highMask == key.high && other.low & lowMask == key.low
    }
}

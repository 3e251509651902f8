import MECModel

/// Words and numbers of scenario files, and what a missing one stands for.
enum Names {
    static let accesses: [(String, RadioAccess)] = [("4g", .eutra), ("5g", .nr), ("wifi", .wifi)]
    static let shelters: [(String, Shelter)] = [
        ("outdoor", .outdoor), ("vehicle", .vehicle), ("building", .building),
    ]

    /// MHz: band 3, n78, Wi-Fi channel 106.
    static func defaultFrequency(_ access: RadioAccess) -> Float {
        switch access {
        case .eutra: 1_815
        case .nr: 3_600
        case .wifi: 5_530
        }
    }

    static func defaultBandwidth(_ access: RadioAccess, _ frequency: Float) -> Float {
        switch access {
        case .eutra: 20
        case .nr: frequency < 3_000 ? 20 : 100
        case .wifi: 80
        }
    }

    /// dBm in all.
    static func defaultPower(_ access: RadioAccess, _ model: PropagationModel) -> Double {
        switch (access, model) {
        case (.wifi, _): 20
        case (.nr, .urbanMacro): 49
        case (.eutra, .urbanMacro): 46
        case (_, .urbanMicro): 37
        }
    }

    /// Names become topic levels: `[MQTT-4.7.1-1]`, and no spaces, so that they are easy to type.
    static func isTopicLevel(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2F && $0 != 0x2B && $0 != 0x23 }
    }

    /// Hexadecimal digits, for Wi-Fi with or without colons or hyphens; other digits are no identity.
    static func identity(_ text: String, _ access: RadioAccess, _ plmn: Plmn?) -> CellIdentity? {
        var digits = text
        if access == .wifi { digits.removeAll { $0 == ":" || $0 == "-" } }
        let wanted = access == .eutra ? 1...7 : access == .nr ? 1...9 : 12...12
        guard wanted.contains(digits.utf8.count), digits.utf8.first != 0x2B,
            let number = UInt64(digits, radix: 16)
        else { return nil }
        switch access {
        case .wifi: return CellIdentity.bssid(number)
        case .eutra: return plmn.flatMap { CellIdentity.ecgi($0, cellId: number) }
        case .nr: return plmn.flatMap { CellIdentity.ncgi($0, nrCellId: number) }
        }
    }

    /// A dotted IPv4 address as a number that can be counted on.
    static func ipv4(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part) else { return nil }
            value = value << 8 | UInt32(byte)
        }
        return value
    }
}

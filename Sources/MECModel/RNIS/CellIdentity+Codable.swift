// Cell identities as the GS's JSON writes them, for request bodies.

extension Plmn: Codable {
    private enum CodingKeys: String, CodingKey { case mcc, mnc }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let (mcc, mnc) = (
            try values.decode(String.self, forKey: .mcc), try values.decode(String.self, forKey: .mnc)
        )
        guard let plmn = Plmn(mcc: mcc, mnc: mnc) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription:
                        "expected three digits of mcc and two or three of mnc, found \(mcc) and \(mnc)"
                )
            )
        }
        self = plmn
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(mcc, forKey: .mcc)
        try values.encode(mnc, forKey: .mnc)
    }
}

extension CellIdentity {
    /// Reads CellId or NrCellId, MEC 012 6.6: hexadecimal digits, or a string of 28 (36) bits.
    package static func number(_ text: some StringProtocol, access: RadioAccess) -> UInt64? {
        let bits = access == .eutra ? 28 : access == .nr ? 36 : 48
        let isBitString = text.utf8.count == bits && text.utf8.allSatisfy { $0 == 0x30 || $0 == 0x31 }
        guard isBitString || (1...(bits / 4)).contains(text.utf8.count) else { return nil }
        guard text.utf8.allSatisfy({ UInt8(ascii: "+") != $0 && UInt8(ascii: "-") != $0 }) else { return nil }
        return UInt64(text, radix: isBitString ? 2 : 16)
    }
}

/// Ecgi, MEC 012 6.5.6.
package struct Ecgi: Hashable, Sendable, Codable {
    package let identity: CellIdentity
    private enum CodingKeys: String, CodingKey { case plmn, cellId }

    package init?(_ identity: CellIdentity) {
        guard identity.access == .eutra else { return nil }
        self.identity = identity
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let text = try values.decode(String.self, forKey: .cellId)
        guard let number = CellIdentity.number(text, access: .eutra),
            let identity = CellIdentity.ecgi(try values.decode(Plmn.self, forKey: .plmn), cellId: number)
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .cellId,
                in: values,
                debugDescription: "expected 28 bits as seven hexadecimal digits, found \(text)"
            )
        }
        self.identity = identity
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(identity.plmn, forKey: .plmn)
        try values.encode(identity.numberText, forKey: .cellId)
    }
}

/// Nrcgi, MEC 012 6.5.7.
package struct Nrcgi: Hashable, Sendable, Codable {
    package let identity: CellIdentity
    private enum CodingKeys: String, CodingKey { case plmn, nrCellId }

    package init?(_ identity: CellIdentity) {
        guard identity.access == .nr else { return nil }
        self.identity = identity
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let text = try values.decode(String.self, forKey: .nrCellId)
        guard let number = CellIdentity.number(text, access: .nr),
            let identity = CellIdentity.ncgi(try values.decode(Plmn.self, forKey: .plmn), nrCellId: number)
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .nrCellId,
                in: values,
                debugDescription: "expected 36 bits as nine hexadecimal digits, found \(text)"
            )
        }
        self.identity = identity
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(identity.plmn, forKey: .plmn)
        try values.encode(identity.numberText, forKey: .nrCellId)
    }
}

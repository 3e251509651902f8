// The types that several MEC notifications share.

extension JSONWriter {
    /// TimeStamp, MEC 012 6.5.3: whole seconds and nanoseconds since 1970. Before 1970 it is 0.
    package mutating func member(_ name: StaticString, _ time: RadioTime) {
        let nanoseconds = max(0, time.nanoseconds)
        beginObject(name)
        member("seconds", nanoseconds / 1_000_000_000)
        member("nanoSeconds", nanoseconds % 1_000_000_000)
        endObject()
    }

    /// AssociateId, MEC 012 6.5.4; nothing is written when there is none (cardinality 0..N).
    package mutating func member(_ name: StaticString, _ identifiers: [AssociateId]) {
        guard !identifiers.isEmpty else { return }
        beginArray(name)
        for identifier in identifiers { value(identifier) }
        endArray()
    }

    package mutating func value(_ identifier: AssociateId) {
        beginObject()
        member("type", identifier.type.rawValue)
        member("value", identifier.value)
        endObject()
    }

    /// Plmn, MEC 012 6.5.5.
    package mutating func value(_ plmn: Plmn) {
        beginObject()
        member("mcc", plmn.mcc)
        member("mnc", plmn.mnc)
        endObject()
    }

    /// Ecgi (6.5.6) for an E-UTRA cell, Nrcgi (6.5.7) for an NR cell, of MEC 012.
    package mutating func value(_ cell: CellIdentity) {
        beginObject()
        if let plmn = cell.plmn {
            name("plmn")
            value(plmn)
        }
        name(cell.access == .nr ? "nrCellId" : "cellId")
        cellNumber(cell)
        endObject()
    }

    package mutating func member(_ name: StaticString, _ cell: CellIdentity) {
        self.name(name)
        value(cell)
    }

    /// CellId or NrCellId, MEC 012 6.6: the number alone.
    package mutating func cellNumber(_ cell: CellIdentity) {
        value(hexadecimal: cell.number, digits: cell.access == .eutra ? 7 : cell.access == .nr ? 9 : 12)
    }

    /// TempUeId, MEC 012 6.4.2; octet strings of TS 36.413 as hexadecimal digits.
    package mutating func member(_ name: StaticString, _ temporary: TemporaryUeId?) {
        guard let temporary else { return }
        beginObject(name)
        self.name("mmec")
        value(hexadecimal: UInt64(temporary.mmec), digits: 2)
        self.name("mtmsi")
        value(hexadecimal: UInt64(temporary.mtmsi), digits: 8)
        endObject()
    }
}

/// What is known of a point of access and rarely changes. `nil` is "the source does not say".
package struct CellDefinition: Hashable, Sendable {
    package var cell: CellIndex
    package var identity: CellIdentity
    package var zone: ZoneIndex?
    /// The operator's name for it, free text.
    package var name: String?
    package var position: GeoPoint?
    /// Reach in metres, as planned.
    package var radius: Double?
    /// PCI: 0…503 (E-UTRA), 0…1007 (NR).
    package var physicalCellId: UInt16?
    /// EARFCN or NR-ARFCN of the downlink carrier.
    package var arfcn: UInt32?
    /// Bits per second that all terminals share.
    package var downlinkCapacity: UInt64?
    package var uplinkCapacity: UInt64?
    package var operationStatus: OperationStatus?

    package init(cell: CellIndex, identity: CellIdentity, zone: ZoneIndex? = nil) {
        self.cell = cell
        self.identity = identity
        self.zone = zone
    }
}

/// OperationStatus of MEC 013 6.2.
package enum OperationStatus: UInt8, Sendable, Hashable, BitwiseCopyable {
    case serviceable = 1
    case unserviceable = 2
    case unknown = 3
}

/// A zone by its zoneId, MEC 013 6.2.
package struct ZoneDefinition: Hashable, Sendable {
    package var zone: ZoneIndex
    package var zoneId: String

    package init(zone: ZoneIndex, zoneId: String) {
        self.zone = zone
        self.zoneId = zoneId
    }
}

/// A terminal's names. It carries no subscriber identity (IMSI, MSISDN): none is ever taken in.
package struct TerminalDefinition: Hashable, Sendable {
    package var terminal: TerminalIndex
    /// Unique on the site; one topic level, so without `/`, `+` and `#`.
    package var name: String
    package var associateIds: [AssociateId]
    package var tempUeId: TemporaryUeId?

    package init(
        terminal: TerminalIndex,
        name: String,
        associateIds: [AssociateId] = [],
        tempUeId: TemporaryUeId? = nil
    ) {
        self.terminal = terminal
        self.name = name
        self.associateIds = associateIds
        self.tempUeId = tempUeId
    }
}

/// The temporary identifier of a terminal, MEC 012 6.4.2 `tempUeId`, TS 36.413.
package struct TemporaryUeId: Hashable, Sendable, BitwiseCopyable {
    /// MME code.
    package var mmec: UInt8
    /// M-TMSI.
    package var mtmsi: UInt32

    package init(mmec: UInt8, mtmsi: UInt32) {
        self.mmec = mmec
        self.mtmsi = mtmsi
    }
}

/// A thing that an index stands for from now on; it replaces what the index stood for.
package enum RadioDefinition: Hashable, Sendable {
    case zone(ZoneDefinition)
    case cell(CellDefinition)
    case terminal(TerminalDefinition)
}

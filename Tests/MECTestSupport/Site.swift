package import MECModel

/// A small site for tests: cells 0 and 1 of E-UTRA, 2 and 3 of NR, 4 a Wi-Fi access point, in two
/// zones, and terminals that come as they are asked for.
package struct Site {
    package let plmn: Plmn
    package let other: Plmn
    package var batch = RadioBatch(source: SourceIndex(1))
    package var time = RadioTime(nanoseconds: 1_700_000_000_000_000_000)

    package static let lte0 = CellIndex(0)
    package static let lte1 = CellIndex(1)
    package static let nr2 = CellIndex(2)
    package static let nr3 = CellIndex(3)
    package static let wifi4 = CellIndex(4)

    package init() throws {
        struct Impossible: Error {}
        guard let plmn = Plmn("20801"), let other = Plmn("00101"),
            let lte0 = CellIdentity.ecgi(plmn, cellId: 0x234_3010),
            let lte1 = CellIdentity.ecgi(plmn, cellId: 0x234_3011),
            let nr2 = CellIdentity.ncgi(other, nrCellId: 0x5_0000_0001),
            let nr3 = CellIdentity.ncgi(other, nrCellId: 0x5_0000_0002),
            let wifi4 = CellIdentity.bssid(0xA0_11_22_33_44_55)
        else { throw Impossible() }
        self.plmn = plmn
        self.other = other
        define(.zone(ZoneDefinition(zone: ZoneIndex(0), zoneId: "zone1")))
        define(.zone(ZoneDefinition(zone: ZoneIndex(1), zoneId: "zone2")))
        let cells: [(CellIndex, CellIdentity, UInt32)] = [
            (Self.lte0, lte0, 0), (Self.lte1, lte1, 0), (Self.nr2, nr2, 0), (Self.nr3, nr3, 1),
            (Self.wifi4, wifi4, 1),
        ]
        for (index, identity, zone) in cells {
            var cell = CellDefinition(cell: index, identity: identity, zone: ZoneIndex(zone))
            cell.name = "cell \(index.value)"
            cell.position = GeoPoint(latitude: 43.73 + Double(index.value) * 0.01, longitude: 7.42)
            cell.arfcn = identity.access == .nr ? 640_000 : 1_300
            cell.operationStatus = .serviceable
            define(.cell(cell))
        }
    }

    package mutating func define(_ definition: RadioDefinition) { batch.append(definition, at: time) }

    /// Terminal `index` with the address 10.0.0.`index`, served by `cell` if that is given.
    package mutating func terminal(_ index: UInt32, in cell: CellIndex? = nil) -> TerminalIndex {
        let terminal = TerminalIndex(index)
        define(
            .terminal(
                TerminalDefinition(
                    terminal: terminal,
                    name: "ue\(index)",
                    associateIds: [AssociateId(type: .ueIPv4Address, value: "10.0.0.\(index)")],
                    tempUeId: TemporaryUeId(mmec: 0x2A, mtmsi: 0x1000 &+ index)
                )
            )
        )
        if let cell { batch.append(.attached(terminal, cell), at: time) }
        return terminal
    }

    /// The batch so far; the site goes on with an empty one a second later.
    package mutating func take() -> RadioBatch {
        let taken = batch
        batch = RadioBatch(source: SourceIndex(1))
        time = time.advanced(bySeconds: 1)
        return taken
    }

    package static func identity(_ index: CellIndex, in batch: RadioBatch) -> CellIdentity? {
        for case .cell(let cell) in batch.definitions where cell.cell == index { return cell.identity }
        return nil
    }
}

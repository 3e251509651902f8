// The measurement structures of MEC 012 6.4.6 and 6.4.11.

extension JSONWriter {
    /// rsrp, rsrq and sinr as reported integers; what was not measured is not written.
    mutating func levels(_ level: SignalLevel) {
        member("rsrp", level.rsrpReport)
        member("rsrq", level.rsrqReport)
        member("sinr", level.sinrReport)
    }

    /// EutranNeighbourCellMeasInfo (6.4.6) and EutraNeighCellMeasInfo (6.4.11): the E-UTRA ones of `neighbours`.
    mutating func eutraNeighbours(_ name: StaticString, _ neighbours: [CellMeasurement]) {
        guard neighbours.contains(where: { $0.cell.access == .eutra }) else { return }
        beginArray(name)
        for neighbour in neighbours where neighbour.cell.access == .eutra {
            beginObject()
            member("ecgi", neighbour.cell)
            levels(neighbour.level)
            endObject()
        }
        endArray()
    }

    /// CarrierAggregationMeasInfo, 6.4.6 (`extended`) and 6.4.8, which has no sinr.
    mutating func carrierAggregation(_ carriers: [CarrierMeasurementInfo], extended: Bool) {
        guard !carriers.isEmpty else { return }
        beginArray("carrierAggregationMeasInfo")
        for carrier in carriers {
            beginObject()
            name("cellIdSrv")
            cellNumber(carrier.serving.cell)
            member("rsrpSrv", carrier.serving.level.rsrpReport)
            member("rsrqSrv", carrier.serving.level.rsrqReport)
            if extended { member("sinrSrv", carrier.serving.level.sinrReport) }
            if let neighbour = carrier.neighbour, neighbour.cell.access == .eutra {
                name("cellIdNei")
                cellNumber(neighbour.cell)
                member("rsrpNei", neighbour.level.rsrpReport)
                member("rsrqNei", neighbour.level.rsrqReport)
                if extended { member("sinrNei", neighbour.level.sinrReport) }
            }
            endObject()
        }
        endArray()
    }

    /// NewRadioMeasInfo, 6.4.6: NR secondary cells whose carrier frequency, which it requires, is known.
    mutating func newRadioSecondaries(_ carriers: [CarrierMeasurementInfo]) {
        func fits(_ carrier: CarrierMeasurementInfo) -> Bool {
            carrier.serving.cell.access == .nr && carrier.arfcn != nil
        }
        guard carriers.contains(where: fits) else { return }
        beginArray("newRadioMeasInfo")
        for carrier in carriers where fits(carrier) {
            beginObject()
            member("nrCarrierFreq", carrier.arfcn)
            nrCells("nrSCs", "nrSCellInfo", "nrSCellPlmn", "nrSCellGId", carrier.serving) { writer, level in
                writer.member("nrSCellRsrp", level.rsrpReport)
                writer.member("nrSCellRsrq", level.rsrqReport)
                // The GS calls it Rssi and says it is the SINR of TS 38.133.
                writer.member("nrSCellRssi", level.sinrReport)
            }
            if let neighbour = carrier.neighbour, neighbour.cell.access == .nr {
                nrCells("nrBNCs", "nrBNCellInfo", "nrBNCellPlmn", "nrBNCellGId", neighbour) { writer, level in
                    writer.member("nrBNCellRsrp", level.rsrpReport)
                    writer.member("nrBNCellRsrq", level.rsrqReport)
                    writer.member("nrBNCellRssi", level.sinrReport)
                }
            }
            endObject()
        }
        endArray()
    }

    /// NewRadioMeasNeiInfo, 6.4.6: the NR ones of `neighbours`.
    mutating func newRadioNeighbours(_ neighbours: [CellMeasurement]) {
        guard neighbours.contains(where: { $0.cell.access == .nr }) else { return }
        beginArray("newRadioMeasNeiInfo")
        for neighbour in neighbours where neighbour.cell.access == .nr {
            beginObject()
            nrCellInfo("nrNCellInfo", "nrNCellPlmn", "nrNCellGId", neighbour.cell)
            member("nrNCellRsrp", neighbour.level.rsrpReport)
            member("nrNCellRsrq", neighbour.level.rsrqReport)
            member("nrNCellRssi", neighbour.level.sinrReport)
            endObject()
        }
        endArray()
    }

    /// ServCellMeasInfo, 6.4.11.
    mutating func servingCell(_ serving: CellMeasurement, neighbour: CellMeasurement?) {
        beginObject()
        member("nrcgi", serving.cell)
        beginObject("sCell")
        synchronizationSignal(serving.level)
        endObject()
        if let neighbour, neighbour.cell.access == .nr {
            beginObject("nCell")
            synchronizationSignal(neighbour.level)
            endObject()
        }
        endObject()
    }

    /// MeasQuantityResultsNr of the synchronization signal block, 6.5.11.
    mutating func synchronizationSignal(_ level: SignalLevel) {
        guard level.rsrpReport != nil || level.rsrqReport != nil || level.sinrReport != nil else { return }
        beginObject("measQuantityResultsSsbCell")
        levels(level)
        endObject()
    }

    private mutating func nrCells(
        _ name: StaticString,
        _ info: StaticString,
        _ plmn: StaticString,
        _ identity: StaticString,
        _ measurement: CellMeasurement,
        quantities: (inout JSONWriter, SignalLevel) -> Void
    ) {
        beginObject(name)
        nrCellInfo(info, plmn, identity, measurement.cell)
        quantities(&self, measurement.level)
        endObject()
    }

    private mutating func nrCellInfo(
        _ name: StaticString,
        _ plmn: StaticString,
        _ identity: StaticString,
        _ cell: CellIdentity
    ) {
        beginArray(name)
        beginObject()
        beginArray(plmn)
        if let network = cell.plmn { value(network) }
        endArray()
        self.name(identity)
        cellNumber(cell)
        endObject()
        endArray()
    }
}

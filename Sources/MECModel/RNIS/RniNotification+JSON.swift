extension RniNotification {
    /// Whether the GS can say this: its JSON knows E-UTRA cells in most places, NR cells in NrMeasRepUe,
    /// and requires rsrp and rsrq (6.4.6) and both tunnel ends (6.4.10).
    ///
    /// What it cannot say goes out on the second tree only, with an `nrcgi` where the GS has an `ecgi`.
    package var fitsGS: Bool {
        switch self {
        case .cellChange(let body):
            body.source.access == .eutra && body.targets.allSatisfy { $0.access == .eutra }
        case .rabEst, .rabMod, .rabRel, .measTa: cell.access == .eutra
        case .measRepUe(let body):
            cell.access == .eutra && body.serving.level.rsrpReport != nil
                && body.serving.level.rsrqReport != nil
        case .nrMeasRepUe: cell.access == .nr
        case .caReconf(let body):
            cell.access == .eutra && body.secondaryCellAdd.allSatisfy { $0.access == .eutra }
                && body.secondaryCellRemove.allSatisfy { $0.access == .eutra }
        case .s1Bearer(let body): cell.access == .eutra && body.enb != nil && body.sgw != nil
        }
    }

    /// Writes the body of MEC 012 6.4 with `href` as `_links.subscription`.
    package func writeJSON(to writer: inout JSONWriter, subscription href: String) {
        writer.beginObject()
        switch self {
        case .cellChange(let body): body.write(to: &writer)
        case .rabEst(let body): body.write(as: .rabEst, to: &writer)
        case .rabMod(let body): body.write(as: .rabMod, to: &writer)
        case .rabRel(let body): body.write(as: .rabRel, to: &writer)
        case .measRepUe(let body): body.write(to: &writer)
        case .nrMeasRepUe(let body): body.write(to: &writer)
        case .measTa(let body): body.write(to: &writer)
        case .caReconf(let body): body.write(to: &writer)
        case .s1Bearer(let body): body.write(to: &writer)
        }
        NotificationLinks.write(href, to: &writer)
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func begin(_ type: StaticString, _ time: RadioTime, _ terminal: NotifiedTerminal) {
        member("notificationType", literal: type)
        member("timeStamp", time)
        member("associateId", terminal.associateId)
    }

    /// The serving cell under the GS's name, or `nrcgi` where the GS has none.
    fileprivate mutating func cell(_ cell: CellIdentity) {
        member(cell.access == .nr ? "nrcgi" : "ecgi", cell)
    }

    fileprivate mutating func cells(_ name: StaticString, _ cells: [CellIdentity]) {
        guard !cells.isEmpty else { return }
        beginArray(name)
        for cell in cells {
            beginObject()
            self.cell(cell)
            endObject()
        }
        endArray()
    }
}

extension CellChangeNotification {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.begin("CellChangeNotification", timeStamp, terminal)
        writer.member(source.access == .nr ? "srcNrcgi" : "srcEcgi", source)
        for access in [RadioAccess.eutra, .nr] where targets.contains(where: { $0.access == access }) {
            writer.beginArray(access == .nr ? "trgNrcgi" : "trgEcgi")
            for target in targets where target.access == access { writer.value(target) }
            writer.endArray()
        }
        writer.member("hoStatus", hoStatus.rawValue)
        writer.member("tempUeId", terminal.tempUeId)
    }
}

extension RabNotification {
    fileprivate func write(as event: RniEvent, to writer: inout JSONWriter) {
        switch event {
        case .rabRel:
            writer.begin("RabRelNotification", timeStamp, terminal)
            writer.cell(cell)
            writer.beginObject("erabReleaseInfo")
            writer.member("erabId", erabId)
            writer.endObject()
        case .rabMod:
            writer.begin("RabModNotification", timeStamp, terminal)
            writer.cell(cell)
            writer.member("erabId", erabId)
            writer.erabQosParameters(qci, qosInformation)
        default:
            writer.begin("RabEstNotification", timeStamp, terminal)
            writer.cell(cell)
            writer.member("erabId", erabId)
            writer.erabQosParameters(qci, qosInformation)
            writer.member("tempUeId", terminal.tempUeId)
        }
    }
}

extension JSONWriter {
    /// ErabQosParameters, MEC 012 6.4.3; nothing without a QCI, which it requires.
    mutating func erabQosParameters(_ qci: UInt8?, _ rates: BearerRates?) {
        guard let qci else { return }
        beginObject("erabQosParameters")
        member("qci", qci)
        if let rates {
            beginObject("qosInformation")
            member("erabMbrDl", rates.erabMbrDl)
            member("erabMbrUl", rates.erabMbrUl)
            member("erabGbrDl", rates.erabGbrDl)
            member("erabGbrUl", rates.erabGbrUl)
            endObject()
        }
        endObject()
    }
}

extension MeasTaNotification {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.begin("MeasTaNotification", timeStamp, terminal)
        writer.cell(cell)
        writer.member("timingAdvance", timingAdvance)
    }
}

extension CaReconfNotification {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.begin("CaReconfNotification", timeStamp, terminal)
        writer.cell(cell)
        writer.cells("secondaryCellAdd", secondaryCellAdd)
        writer.cells("secondaryCellRemove", secondaryCellRemove)
        // 6.4.8 requires cellIdNei here, unlike 6.4.6.
        writer.carrierAggregation(carriers.filter { $0.neighbour?.cell.access == .eutra }, extended: false)
    }
}

extension S1BearerNotification {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member("notificationType", literal: "S1BearerNotification")
        writer.member("timeStamp", timeStamp)
        writer.member("s1Event", s1Event.rawValue)
        writer.beginObject("s1UeInfo")
        writer.member("tempUeId", terminal.tempUeId)
        writer.member("associateId", terminal.associateId)
        writer.beginArray(cell.access == .nr ? "nrcgi" : "ecgi")
        writer.value(cell)
        writer.endArray()
        writer.beginArray("s1BearerInfo")
        writer.s1Bearer(erabId, enb, sgw)
        writer.endArray()
        writer.endObject()
    }
}

extension JSONWriter {
    /// S1BearerInfo, MEC 012 6.4.10: erabId, enbInfo, sGwInfo.
    mutating func s1Bearer(_ erabId: UInt8, _ enb: TunnelEndpoint?, _ sgw: TunnelEndpoint?) {
        beginObject()
        member("erabId", erabId)
        tunnel("enbInfo", enb)
        tunnel("sGwInfo", sgw)
        endObject()
    }

    private mutating func tunnel(_ name: StaticString, _ endpoint: TunnelEndpoint?) {
        guard let endpoint else { return }
        beginObject(name)
        member("ipAddress", endpoint.address.description)
        self.name("tunnelId")
        value(hexadecimal: UInt64(endpoint.teid), digits: 8)
        endObject()
    }
}

extension MeasRepUeNotification {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.begin("MeasRepUeNotification", timeStamp, terminal)
        writer.member("ecgi", serving.cell)
        writer.levels(serving.level)
        writer.member("trigger", trigger)
        writer.eutraNeighbours("eutranNeighbourCellMeasInfo", neighbours)
        writer.carrierAggregation(carriers.filter { $0.serving.cell.access == .eutra }, extended: true)
        writer.member("heightUe", heightUe)
        writer.newRadioSecondaries(carriers)
        writer.newRadioNeighbours(neighbours)
    }
}

extension NrMeasRepUeNotification {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.begin("NrMeasRepUeNotification", timeStamp, terminal)
        writer.member("triggerNr", triggerNr)
        writer.beginArray("servCellMeasInfo")
        writer.servingCell(serving, neighbour: nil)
        for carrier in carriers where carrier.serving.cell.access == .nr {
            writer.servingCell(carrier.serving, neighbour: carrier.neighbour)
        }
        writer.endArray()
        // 6.4.11: nrNeighCellMeasInfo and eutraNeighCellMeasInfo exclude each other.
        if neighbours.contains(where: { $0.cell.access == .nr }) {
            writer.beginArray("nrNeighCellMeasInfo")
            for neighbour in neighbours where neighbour.cell.access == .nr {
                writer.beginObject()
                writer.member("nrcgi", neighbour.cell)
                writer.synchronizationSignal(neighbour.level)
                writer.endObject()
            }
            writer.endArray()
        } else {
            writer.eutraNeighbours("eutraNeighCellMeasInfo", neighbours)
        }
    }
}

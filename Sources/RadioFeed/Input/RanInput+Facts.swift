import MECModel

/// The kinds of messages on `ran/in/…`.
extension RanInput {
    mutating func take(
        _ message: RanMessage,
        _ kind: String,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        switch kind {
        case "cell": try takeCell(message, client, at: now, into: &batch)
        case "cell_load": try takeCellLoad(message, client, at: now, into: &batch)
        case "terminal": try takeTerminal(message, client, at: now, into: &batch)
        case "position", "attach", "detach", "leave", "handover", "measurement", "timing_advance", "bit_rate",
            "bearer", "carrier_aggregation":
            try takeOfTerminal(message, kind, client, at: now, into: &batch)
        default:
            throw Complaint(
                .unknownSubject,
                "\"\(kind.prefix(40))\" is nothing that can be told; expected cell, cell_load, terminal, position, attach, "
                    + "detach, leave, handover, measurement, timing_advance, bit_rate, bearer or carrier_aggregation"
            )
        }
    }

    private mutating func takeOfTerminal(
        _ message: RanMessage,
        _ kind: String,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        // Everything is checked before the terminal is made known, so that nonsense leaves no trace.
        let point = kind == "position" ? try position(message) : nil
        let needsCell = ["attach", "measurement", "timing_advance", "bearer", "carrier_aggregation"].contains(
            kind
        )
        let identity = needsCell ? try self.identity(message.cell, "cell") : nil
        guard let name = message.ue else { throw Complaint(.missingField, "\"ue\" is missing") }
        let terminal = try terminal(name, client, at: now, into: &batch)
        let time = try time(message.time, terminal, client, at: now)
        var place: CellIndex?
        if let identity { place = try cell(identity, client, at: now, into: &batch) }
        switch (kind, place) {
        case ("position", _):
            guard let point else { return }
            batch.append(.position(try positionFact(message, terminal, point)), at: time)
        case ("attach", let cell?): batch.append(.attached(terminal, cell), at: time)
        case ("detach", _): batch.append(.detached(terminal), at: time)
        case ("leave", _):
            clients[client]?.terminals[name] = nil
            clients[client]?.lastTime[terminal] = nil
            batch.append(.terminalRemoved(terminal), at: time)
        case ("handover", _): try takeHandover(message, terminal, client, at: time, into: &batch)
        case ("measurement", let cell?):
            try takeMeasurement(
                message,
                terminal,
                cell,
                identity?.access ?? .eutra,
                client,
                at: time,
                into: &batch
            )
        case ("timing_advance", let cell?):
            let ticks = try integer(message.timingAdvance, "timingAdvance", 0...49_232)
            batch.append(
                .timingAdvance(
                    TimingAdvanceFact(terminal: terminal, cell: cell, timingAdvance: UInt32(ticks))
                ),
                at: time
            )
        case ("bit_rate", _):
            let fact = BitRateFact(
                terminal: terminal,
                downlink: try optional(message.downlink, "downlink", 0...1e12).map { UInt64($0) },
                uplink: try optional(message.uplink, "uplink", 0...1e12).map { UInt64($0) }
            )
            batch.append(.bitRate(fact), at: time)
        case ("bearer", let cell?): try takeBearer(message, terminal, cell, at: time, into: &batch)
        case ("carrier_aggregation", let cell?):
            let added = try cells(message.added, "added", client, at: now, into: &batch)
            let removed = try cells(message.removed, "removed", client, at: now, into: &batch)
            guard !added.isEmpty || !removed.isEmpty else {
                throw Complaint(.missingField, "\"added\" and \"removed\" are both empty")
            }
            batch.append(
                CarrierAggregationFact(terminal: terminal, cell: cell),
                added: added,
                removed: removed,
                at: time
            )
        default: return
        }
    }

    // MARK: - Cells and terminals

    private mutating func takeCell(
        _ message: RanMessage,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        let identity = try identity(message.cell, "cell")
        var definition = CellDefinition(cell: CellIndex(0), identity: identity)
        definition.name = message.name.map { String($0.prefix(128)) }
        if message.latitude != nil || message.longitude != nil { definition.position = try position(message) }
        definition.radius = try optional(message.radius, "radius", 0...1_000_000)
        let pciMax = identity.access == .nr ? 1007.0 : 503.0
        definition.physicalCellId = try optional(message.pci, "pci", 0...pciMax).flatMap {
            UInt16(exactly: $0)
        }
        definition.arfcn = try optional(message.arfcn, "arfcn", 0...3_279_165).flatMap { UInt32(exactly: $0) }
        if let status = message.status { definition.operationStatus = try operationStatus(status) }
        let time = try time(message.time, nil, client, at: now)
        if let zone = message.zone { definition.zone = try self.zone(zone, at: time, into: &batch) }
        definition.cell = try cellIndex(identity, client)
        batch.append(.cell(definition), at: time)
    }

    private func operationStatus(_ status: RanMessage.Status) throws(Complaint) -> OperationStatus {
        switch status {
        case .name("serviceable"), .number(1): .serviceable
        case .name("unserviceable"), .number(2): .unserviceable
        case .name("unknown"), .number(3): .unknown
        default: throw Complaint(.valueOutOfRange, "\"status\" is serviceable, unserviceable or unknown")
        }
    }

    private mutating func zone(
        _ id: String,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) -> ZoneIndex {
        guard Names.isTopicLevel(id) else {
            throw Complaint(.malformed, "\"zone\" is a name of 1 to 64 characters without / + # and spaces")
        }
        if let known = zones[id] { return known }
        let index: ZoneIndex
        do { index = try inventory.zone(id) } catch { throw Complaint(.full, "\(error)") }
        zones[id] = index
        batch.append(.zone(ZoneDefinition(zone: index, zoneId: id)), at: time)
        return index
    }

    private mutating func takeTerminal(
        _ message: RanMessage,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        var ids: [AssociateId] = []
        for text in message.addresses ?? [] {
            guard let address = IPAddress(text), ids.count < 16 else {
                throw Complaint(
                    .malformed,
                    "\"addresses\" are up to 16 IP addresses, found \"\(text.prefix(64))\""
                )
            }
            ids.append(AssociateId(address))
        }
        let index = try terminal(message.ue, client, at: now, into: &batch)
        guard !ids.isEmpty, let name = message.ue else { return }
        batch.append(.terminal(TerminalDefinition(terminal: index, name: name, associateIds: ids)), at: now)
    }

    private mutating func takeCellLoad(
        _ message: RanMessage,
        _ client: String,
        at now: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        let identity = try identity(message.cell, "cell")
        var load = CellLoadFact(cell: CellIndex(0))
        func count(_ value: Double?, _ field: String, _ most: Double) throws(Complaint) -> UInt32? {
            try optional(value, field, 0...most).map { UInt32($0) }
        }
        load.totalDownlinkPrbUsage = try count(message.totalDownlinkPrbUsage, "totalDownlinkPrbUsage", 100)
        load.totalUplinkPrbUsage = try count(message.totalUplinkPrbUsage, "totalUplinkPrbUsage", 100)
        load.activeUes.downlinkNonGBR = try count(message.activeUesDownlink, "activeUesDownlink", 1e6)
        load.activeUes.uplinkNonGBR = try count(message.activeUesUplink, "activeUesUplink", 1e6)
        let time = try time(message.time, nil, client, at: now)
        load.cell = try cell(identity, client, at: now, into: &batch)
        batch.append(load, at: time)
    }

    // MARK: - Terminals' facts

    private func position(_ message: RanMessage) throws(Complaint) -> GeoPoint {
        guard let latitude = message.latitude, let longitude = message.longitude else {
            throw Complaint(.missingField, "\"latitude\" and \"longitude\" are needed")
        }
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            throw Complaint(
                .positionOffGlobe,
                "latitude \(latitude), longitude \(longitude) is no place on the globe"
            )
        }
        return point
    }

    private func positionFact(
        _ message: RanMessage,
        _ terminal: TerminalIndex,
        _ point: GeoPoint
    ) throws(Complaint) -> PositionFact {
        PositionFact(
            terminal: terminal,
            point: point,
            accuracy: try optional(message.accuracy, "accuracy", 0...1_000_000).map { Float($0) },
            altitude: try optional(message.altitude, "altitude", -12_000...100_000).map { Float($0) },
            speed: try optional(message.speed, "speed", 0...1_000).map { Float($0) },
            heading: try optional(message.heading, "heading", 0...360).map { Float($0 == 360 ? 0 : $0) }
        )
    }

    private mutating func takeHandover(
        _ message: RanMessage,
        _ terminal: TerminalIndex,
        _ client: String,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        let status: HandoverStatus
        switch message.status {
        case .number(1), .name("IN_PREPARATION"): status = .inPreparation
        case .number(2), .name("IN_EXECUTION"): status = .inExecution
        case .number(3), .name("COMPLETED"): status = .completed
        case .number(4), .name("REJECTED"): status = .rejected
        case .number(5), .name("CANCELLED"): status = .cancelled
        default:
            throw Complaint(.valueOutOfRange, "\"status\" is 1 to 5 or a name of hoStatus (MEC 012 6.4.2)")
        }
        let from = try identity(message.source, "source")
        let to = try identity(message.target, "target")
        guard from != to else {
            throw Complaint(.valueOutOfRange, "\"source\" and \"target\" are the same cell")
        }
        let fact = HandoverFact(
            terminal: terminal,
            source: try cell(from, client, at: time, into: &batch),
            target: try cell(to, client, at: time, into: &batch),
            status: status
        )
        batch.append(
            fact,
            otherTargets: try cells(message.otherTargets, "otherTargets", client, at: time, into: &batch),
            at: time
        )
    }

    private mutating func takeMeasurement(
        _ message: RanMessage,
        _ terminal: TerminalIndex,
        _ cell: CellIndex,
        _ access: RadioAccess,
        _ client: String,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        let level = try level(message.rsrp, message.rsrq, message.sinr, access)
        guard !level.isEmpty else {
            throw Complaint(.missingField, "one of \"rsrp\", \"rsrq\" and \"sinr\" is needed")
        }
        var neighbours: [NeighbourMeasurement] = []
        guard message.neighbours?.count ?? 0 <= 64 else {
            throw Complaint(.tooLarge, "more than 64 neighbours")
        }
        for (number, neighbour) in (message.neighbours ?? []).enumerated() {
            let identity = try identity(neighbour.cell, "neighbours[\(number)].cell")
            let level = try self.level(neighbour.rsrp, neighbour.rsrq, neighbour.sinr, identity.access)
            neighbours.append(
                NeighbourMeasurement(
                    cell: try self.cell(identity, client, at: time, into: &batch),
                    level: level
                )
            )
        }
        let trigger = try optional(message.trigger, "trigger", 0...61).flatMap { UInt8(exactly: $0) }
        batch.append(
            MeasurementFact(terminal: terminal, servingCell: cell, level: level, trigger: trigger),
            neighbours: neighbours,
            at: time
        )
    }

    func level(_ rsrp: Double?, _ rsrq: Double?, _ sinr: Double?, _ access: RadioAccess) throws(Complaint)
        -> SignalLevel
    {
        SignalLevel(
            rsrp: try optional(rsrp, "rsrp", -156 ... -20),
            rsrq: try optional(rsrq, "rsrq", -43...20),
            sinr: try optional(sinr, "sinr", -40...60),
            access: access
        )
    }

    private func takeBearer(
        _ message: RanMessage,
        _ terminal: TerminalIndex,
        _ cell: CellIndex,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) {
        let step: BearerStep
        switch message.step {
        case "established": step = .established
        case "modified": step = .modified
        case "released": step = .released
        default: throw Complaint(.valueOutOfRange, "\"step\" is established, modified or released")
        }
        var bearer = BearerFact(
            terminal: terminal,
            cell: cell,
            erabId: UInt8(try integer(message.erabId, "erabId", 0...15)),
            qci: try optional(message.qci, "qci", 1...254).flatMap { UInt8(exactly: $0) }
        )
        let rates = [message.erabMbrDl, message.erabMbrUl, message.erabGbrDl, message.erabGbrUl].compactMap(
            \.self
        )
        if rates.count == 4, rates.allSatisfy({ (0...1e12).contains($0) }) {
            bearer.qosInformation = BearerRates(
                erabMbrDl: UInt64(rates[0]),
                erabMbrUl: UInt64(rates[1]),
                erabGbrDl: UInt64(rates[2]),
                erabGbrUl: UInt64(rates[3])
            )
        } else if !rates.isEmpty {
            throw Complaint(
                .valueOutOfRange,
                "erabMbrDl, erabMbrUl, erabGbrDl and erabGbrUl are given together, 0 to 1e12 bit/s"
            )
        }
        batch.append(step, bearer, at: time)
    }

    private mutating func cells(
        _ list: [RanMessage.Cell]?,
        _ field: String,
        _ client: String,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) throws(Complaint) -> [CellIndex] {
        guard let list else { return [] }
        guard list.count <= 32 else { throw Complaint(.tooLarge, "more than 32 cells in \"\(field)\"") }
        var cells: [CellIndex] = []
        for (number, entry) in list.enumerated() {
            cells.append(try cell(identity(entry, "\(field)[\(number)]"), client, at: time, into: &batch))
        }
        return cells
    }

    // MARK: - Numbers

    func optional(_ value: Double?, _ field: String, _ range: ClosedRange<Double>) throws(Complaint)
        -> Double?
    {
        guard let value else { return nil }
        guard range.contains(value) else {
            throw Complaint(
                .valueOutOfRange,
                "\"\(field)\" is \(range.lowerBound) to \(range.upperBound), found \(value)"
            )
        }
        return value
    }

    private func integer(_ value: Double?, _ field: String, _ range: ClosedRange<Double>) throws(Complaint)
        -> Int
    {
        guard let value else { throw Complaint(.missingField, "\"\(field)\" is missing") }
        guard range.contains(value), let number = Int(exactly: value) else {
            throw Complaint(
                .valueOutOfRange,
                "\"\(field)\" is a whole number from \(Int(range.lowerBound)) to \(Int(range.upperBound)), found \(value)"
            )
        }
        return number
    }
}

package import MECModel

extension RadioNetworkState {
    /// Takes a batch of facts in and tells the outlet what followed, in the order of the facts.
    package mutating func apply(_ batch: RadioBatch, to outlet: inout some RniOutlet) {
        for event in batch.events { apply(event, batch, &outlet) }
    }

    private mutating func apply(_ event: RadioEvent, _ batch: RadioBatch, _ outlet: inout some RniOutlet) {
        switch event.fact {
        case .defined(let index): define(batch.definitions[index.offset])
        case .zoneRemoved(let zone):
            if zone.offset < zones.count { zones[zone.offset] = nil }
        case .cellRemoved(let cell): removeCell(cell)
        case .terminalRemoved(let terminal): removeTerminal(terminal)
        case .cellStatus(let cell, let status):
            guard self[cell] != nil else { return countUnknown() }
            cells[cell.offset]?.definition.operationStatus = status
            markDirty(cell)
        case .attached(let terminal, let cell):
            guard self[terminal] != nil, self[cell] != nil else { return countUnknown() }
            serve(terminal, by: isRadio(cell) ? cell : nil)
        case .detached(let terminal):
            guard self[terminal] != nil else { return countUnknown() }
            serve(terminal, by: nil)
        case .position(let fact):
            guard fact.terminal.offset < terminals.count else { return }
            terminals[fact.terminal.offset]?.altitude = fact.altitude
        case .measurement(let fact): apply(fact, event.time, batch, &outlet)
        case .handover(let fact): apply(fact, event.time, batch, &outlet)
        case .timingAdvance(let fact): apply(fact, event.time, &outlet)
        case .carrierAggregation(let fact): apply(fact, event.time, batch, &outlet)
        case .bearer(let step, let index): apply(step, batch.bearers[index.offset], event.time, &outlet)
        case .s1Bearer(let step, let index): apply(step, batch.s1Bearers[index.offset], event.time, &outlet)
        case .bitRate: break
        case .cellLoad(let index):
            let load = batch.cellLoads[index.offset]
            guard self[load.cell] != nil else { return countUnknown() }
            cells[load.cell.offset]?.load = load
            markDirty(load.cell)
        case .terminalLoad(let index):
            let load = batch.terminalLoads[index.offset]
            guard self[load.terminal] != nil else { return countUnknown() }
            terminals[load.terminal.offset]?.load = load
        }
    }

    private mutating func countUnknown() { counters.unknown += 1 }

    // MARK: - Measurements

    private mutating func apply(
        _ fact: MeasurementFact,
        _ time: RadioTime,
        _ batch: RadioBatch,
        _ outlet: inout some RniOutlet
    ) {
        guard self[fact.terminal] != nil, let serving = identity(fact.servingCell) else {
            return countUnknown()
        }
        guard serving.access != .wifi else { return }
        // A source that only measures, such as a drive test, never says that the terminal attached.
        if terminals[fact.terminal.offset]?.servingCell == nil { serve(fact.terminal, by: fact.servingCell) }
        let event: RniEvent = serving.access == .nr ? .nrMeasRepUe : .measRepUe
        let suffix = topicSuffix(fact.terminal, fact.servingCell)
        let audience = outlet.audience(for: event, suffix: suffix)
        guard !audience.isEmpty, let terminal = self[fact.terminal] else { return }
        let measured = CellMeasurement(cell: serving, level: fact.level)
        let neighbours = batch.neighbours[fact.neighbours.range].compactMap { neighbour in
            identity(neighbour.cell).flatMap {
                $0.access == .wifi ? nil : CellMeasurement(cell: $0, level: neighbour.level)
            }
        }
        let carriers = carriers(fact.carriers, batch)
        if event == .nrMeasRepUe {
            var body = NrMeasRepUeNotification(
                timeStamp: time,
                terminal: terminal.terminal,
                serving: measured,
                triggerNr: fact.trigger ?? 0
            )
            body.neighbours = neighbours
            body.carriers = carriers
            emit(.nrMeasRepUe(body), audience, suffix, &outlet)
        } else {
            var body = MeasRepUeNotification(
                timeStamp: time,
                terminal: terminal.terminal,
                serving: measured,
                trigger: fact.trigger ?? 0
            )
            body.neighbours = neighbours
            body.carriers = carriers
            body.heightUe = terminal.altitude.flatMap { Int32(exactly: $0.rounded()) }
            emit(.measRepUe(body), audience, suffix, &outlet)
        }
    }

    private func carriers(_ range: BatchRange, _ batch: RadioBatch) -> [CarrierMeasurementInfo] {
        batch.carriers[range.range].compactMap { carrier in
            guard let serving = self[carrier.servingCell]?.definition else { return nil }
            let neighbour = carrier.neighbourCell.flatMap(identity).map {
                CellMeasurement(cell: $0, level: carrier.neighbourLevel)
            }
            return CarrierMeasurementInfo(
                serving: CellMeasurement(cell: serving.identity, level: carrier.servingLevel),
                neighbour: neighbour,
                arfcn: serving.arfcn
            )
        }
    }

    private mutating func apply(_ fact: TimingAdvanceFact, _ time: RadioTime, _ outlet: inout some RniOutlet)
    {
        guard self[fact.terminal] != nil, let cell = identity(fact.cell) else { return countUnknown() }
        guard cell.access != .wifi else { return }
        let suffix = topicSuffix(fact.terminal, fact.cell)
        let audience = outlet.audience(for: .measTa, suffix: suffix)
        guard !audience.isEmpty, let terminal = self[fact.terminal] else { return }
        let body = MeasTaNotification(
            timeStamp: time,
            terminal: terminal.terminal,
            cell: cell,
            timingAdvance: fact.timingAdvance
        )
        emit(.measTa(body), audience, suffix, &outlet)
    }

    // MARK: - Mobility

    private mutating func apply(
        _ fact: HandoverFact,
        _ time: RadioTime,
        _ batch: RadioBatch,
        _ outlet: inout some RniOutlet
    ) {
        guard self[fact.terminal] != nil, let source = identity(fact.source),
            let target = identity(fact.target)
        else { return countUnknown() }
        if fact.status == .completed { serve(fact.terminal, by: isRadio(fact.target) ? fact.target : nil) }
        guard source.access != .wifi, target.access != .wifi else { return }
        let suffix = topicSuffix(fact.terminal, fact.status == .completed ? fact.target : fact.source)
        let audience = outlet.audience(for: .cellChange, suffix: suffix)
        guard !audience.isEmpty, let terminal = self[fact.terminal] else { return }
        var targets = [target]
        // 6.4.2, note: cardinality N only while in preparation, rejected and cancelled.
        if [.inPreparation, .rejected, .cancelled].contains(fact.status) {
            targets += batch.cells[fact.otherTargets.range].compactMap(identity).filter { $0.access != .wifi }
        }
        let body = CellChangeNotification(
            timeStamp: time,
            terminal: terminal.terminal,
            source: source,
            targets: targets,
            hoStatus: fact.status
        )
        emit(.cellChange(body), audience, suffix, &outlet)
    }

    private mutating func apply(
        _ fact: CarrierAggregationFact,
        _ time: RadioTime,
        _ batch: RadioBatch,
        _ outlet: inout some RniOutlet
    ) {
        guard self[fact.terminal] != nil, let cell = identity(fact.cell) else { return countUnknown() }
        guard cell.access != .wifi else { return }
        let (added, gone) = (batch.cells[fact.added.range], batch.cells[fact.removed.range])
        var secondary = terminals[fact.terminal.offset]?.secondaryCells ?? []
        secondary.removeAll { gone.contains($0) || added.contains($0) }
        secondary += added.filter(isRadio)
        terminals[fact.terminal.offset]?.secondaryCells = secondary
        markDirty(fact.terminal)
        let suffix = topicSuffix(fact.terminal, fact.cell)
        let audience = outlet.audience(for: .caReconf, suffix: suffix)
        guard !audience.isEmpty, let terminal = self[fact.terminal] else { return }
        var body = CaReconfNotification(timeStamp: time, terminal: terminal.terminal, cell: cell)
        body.secondaryCellAdd = added.compactMap(identity)
        body.secondaryCellRemove = gone.compactMap(identity)
        body.carriers = carriers(fact.carriers, batch)
        emit(.caReconf(body), audience, suffix, &outlet)
    }

    // MARK: - Bearers

    private mutating func apply(
        _ step: BearerStep,
        _ fact: BearerFact,
        _ time: RadioTime,
        _ outlet: inout some RniOutlet
    ) {
        guard fact.erabId <= 15, let terminal = self[fact.terminal], let cell = identity(fact.cell) else {
            return countUnknown()
        }
        guard cell.access != .wifi else { return }
        let known = terminal.bearers.first { $0.erabId == fact.erabId }
        let bearer = ErabInfo(
            erabId: fact.erabId,
            qci: fact.qci ?? known?.qci,
            qosInformation: fact.qosInformation ?? known?.qosInformation
        )
        terminals[fact.terminal.offset]?.bearers.removeAll { $0.erabId == fact.erabId }
        if step != .released { terminals[fact.terminal.offset]?.bearers.append(bearer) }
        markDirty(fact.terminal)
        let event: RniEvent = step == .established ? .rabEst : step == .modified ? .rabMod : .rabRel
        let suffix = topicSuffix(fact.terminal, fact.cell)
        let audience = outlet.audience(for: event, suffix: suffix)
        guard !audience.isEmpty else { return }
        let body = RabNotification(
            timeStamp: time,
            terminal: terminal.terminal,
            cell: cell,
            erabId: fact.erabId,
            qci: bearer.qci,
            qosInformation: bearer.qosInformation
        )
        switch step {
        case .established: emit(.rabEst(body), audience, suffix, &outlet)
        case .modified: emit(.rabMod(body), audience, suffix, &outlet)
        case .released: emit(.rabRel(body), audience, suffix, &outlet)
        }
    }

    private mutating func apply(
        _ step: BearerStep,
        _ fact: S1BearerFact,
        _ time: RadioTime,
        _ outlet: inout some RniOutlet
    ) {
        guard fact.erabId <= 15, let terminal = self[fact.terminal], let cell = identity(fact.cell) else {
            return countUnknown()
        }
        guard cell.access != .wifi else { return }
        let known = terminal.s1Bearers.first { $0.erabId == fact.erabId }
        let bearer = S1BearerInfo.Bearer(
            erabId: fact.erabId,
            enb: fact.enb ?? known?.enb,
            sgw: fact.sgw ?? known?.sgw
        )
        terminals[fact.terminal.offset]?.s1Bearers.removeAll { $0.erabId == fact.erabId }
        if step != .released { terminals[fact.terminal.offset]?.s1Bearers.append(bearer) }
        let suffix = topicSuffix(fact.terminal, fact.cell)
        let audience = outlet.audience(for: .s1Bearer, suffix: suffix)
        guard !audience.isEmpty else { return }
        let body = S1BearerNotification(
            timeStamp: time,
            terminal: terminal.terminal,
            cell: cell,
            s1Event: step,
            erabId: fact.erabId,
            enb: bearer.enb,
            sgw: bearer.sgw
        )
        emit(.s1Bearer(body), audience, suffix, &outlet)
    }

    // MARK: - Telling

    private func topicSuffix(_ terminal: TerminalIndex, _ cell: CellIndex) -> String {
        guard terminals[terminal.offset]?.servingCell != cell else {
            return terminals[terminal.offset]?.suffix ?? ""
        }
        return suffix(of: terminal, in: cell) ?? ""
    }

    private mutating func emit(
        _ notification: RniNotification,
        _ audience: RniAudience,
        _ suffix: String,
        _ outlet: inout some RniOutlet
    ) {
        var audience = audience
        if audience.contains(.annexA), !notification.fitsGS {
            counters.incomplete += 1
            audience.remove(.annexA)
        }
        guard !audience.isEmpty else { return }
        outlet.emit(notification, to: audience, suffix: suffix)
    }
}

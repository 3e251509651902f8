import MECModel

/// Batches as lines of text, with names in place of numbers and tables looked up: what two runs are compared by.
struct EventText {
    let inventory: RadioInventory

    func lines(_ batch: RadioBatch) -> [String] {
        batch.events.map { event in "\(event.time.nanoseconds) \(text(event.fact, batch))" }
    }

    func cell(_ index: CellIndex) -> String { inventory.identity(of: index)?.description ?? "?" }
    func terminal(_ index: TerminalIndex) -> String { inventory.name(of: index) ?? "?" }

    private func cells(_ range: BatchRange, _ batch: RadioBatch) -> String {
        batch.cells[range.range].map(cell).joined(separator: ",")
    }

    private func level(_ level: SignalLevel) -> String {
        func show(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "-" }
        return "\(show(level.rsrp))/\(show(level.rsrq))/\(show(level.sinr))"
            + "(\(show(level.rsrpReport))/\(show(level.rsrqReport))/\(show(level.sinrReport)))"
    }

    private func carriers(_ range: BatchRange, _ batch: RadioBatch) -> String {
        batch.carriers[range.range].map {
            "\(cell($0.servingCell)) \(level($0.servingLevel)) \($0.neighbourCell.map(cell) ?? "-") \(level($0.neighbourLevel))"
        }.joined(separator: ",")
    }

    func text(_ fact: RadioFact, _ batch: RadioBatch) -> String {
        switch fact {
        case .defined(let index): "defined \(batch.definitions[index.offset])"
        case .zoneRemoved(let zone): "zoneRemoved \(zone.value)"
        case .cellRemoved(let index): "cellRemoved \(cell(index))"
        case .terminalRemoved(let index): "terminalRemoved \(terminal(index))"
        case .cellStatus(let index, let status): "cellStatus \(cell(index)) \(status)"
        case .attached(let t, let c): "attached \(terminal(t)) \(cell(c))"
        case .detached(let t): "detached \(terminal(t))"
        case .position(let p):
            "position \(terminal(p.terminal)) \(p.point.latitude) \(p.point.longitude) \(p.speed ?? -1) \(p.heading ?? -1)"
        case .measurement(let m):
            "measurement \(terminal(m.terminal)) \(cell(m.servingCell)) \(level(m.level)) \(m.trigger ?? 0) ["
                + batch.neighbours[m.neighbours.range].map { "\(cell($0.cell)) \(level($0.level))" }
                .joined(separator: ",") + "] [" + carriers(m.carriers, batch) + "]"
        case .handover(let h):
            "handover \(terminal(h.terminal)) \(cell(h.source)) \(cell(h.target)) \(h.status) [\(cells(h.otherTargets, batch))]"
        case .timingAdvance(let t): "ta \(terminal(t.terminal)) \(cell(t.cell)) \(t.timingAdvance)"
        case .carrierAggregation(let c):
            "ca \(terminal(c.terminal)) \(cell(c.cell)) +[\(cells(c.added, batch))] -[\(cells(c.removed, batch))] ["
                + carriers(c.carriers, batch) + "]"
        case .bearer(let step, let index):
            "bearer \(step) \(terminal(batch.bearers[index.offset].terminal)) \(cell(batch.bearers[index.offset].cell)) "
                + "\(batch.bearers[index.offset].erabId) \(batch.bearers[index.offset].qci ?? 0) "
                + "\(batch.bearers[index.offset].qosInformation?.erabGbrUl ?? 0)"
        case .s1Bearer(let step, let index): "s1 \(step) \(batch.s1Bearers[index.offset])"
        case .bitRate(let b): "rate \(terminal(b.terminal)) \(b.downlink ?? 0) \(b.uplink ?? 0)"
        case .cellLoad(let index): "cellLoad \(batch.cellLoads[index.offset])"
        case .terminalLoad(let index): "terminalLoad \(batch.terminalLoads[index.offset])"
        }
    }
}

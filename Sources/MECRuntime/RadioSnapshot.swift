package import MECModel

/// The present state of the radio facts, from which a service that starts late can begin.
package struct RadioSnapshot: Sendable {
    private struct Terminal: Sendable {
        var definition: TerminalDefinition
        var servingCell: CellIndex?
        var position: PositionFact?
        var positionTime = RadioTime(nanoseconds: 0)
        var bearers: [BearerFact] = []
        var s1Bearers: [S1BearerFact] = []
    }

    private var zones: [ZoneDefinition?] = []
    private var cells: [CellDefinition?] = []
    private var loads: [CellLoadFact?] = []
    private var terminals: [Terminal?] = []
    private let limit: Int

    /// - Parameter limit: The highest index that is kept; facts beyond are left to the services to refuse.
    package init(limit: Int = 1_000_000) {
        self.limit = limit
    }

    package mutating func apply(_ batch: RadioBatch) {
        for event in batch.events { apply(event, batch) }
    }

    private mutating func apply(_ event: RadioEvent, _ batch: RadioBatch) {
        switch event.fact {
        case .defined(let index): define(batch.definitions[index.offset])
        case .zoneRemoved(let zone):
            if zone.offset < zones.count { zones[zone.offset] = nil }
        case .cellRemoved(let cell):
            guard cell.offset < cells.count else { return }
            cells[cell.offset] = nil
            loads[cell.offset] = nil
        case .terminalRemoved(let terminal):
            if terminal.offset < terminals.count { terminals[terminal.offset] = nil }
        case .cellStatus(let cell, let status):
            if cell.offset < cells.count { cells[cell.offset]?.operationStatus = status }
        case .attached(let terminal, let cell): change(terminal) { $0.servingCell = cell }
        case .detached(let terminal): change(terminal) { $0.servingCell = nil }
        case .handover(let fact):
            if fact.status == .completed { change(fact.terminal) { $0.servingCell = fact.target } }
        case .position(let fact):
            change(fact.terminal) {
                $0.position = fact
                $0.positionTime = event.time
            }
        case .bearer(let step, let index):
            let bearer = batch.bearers[index.offset]
            change(bearer.terminal) {
                $0.bearers.removeAll { $0.erabId == bearer.erabId }
                if step != .released, $0.bearers.count < 16 { $0.bearers.append(bearer) }
            }
        case .s1Bearer(let step, let index):
            let bearer = batch.s1Bearers[index.offset]
            change(bearer.terminal) {
                $0.s1Bearers.removeAll { $0.erabId == bearer.erabId }
                if step != .released, $0.s1Bearers.count < 16 { $0.s1Bearers.append(bearer) }
            }
        case .cellLoad(let index):
            let load = batch.cellLoads[index.offset]
            if load.cell.offset < loads.count { loads[load.cell.offset] = load }
        case .measurement, .timingAdvance, .carrierAggregation, .bitRate, .terminalLoad:
            break
        }
    }

    private mutating func define(_ definition: RadioDefinition) {
        switch definition {
        case .zone(let zone):
            guard Self.grow(&zones, to: zone.zone.offset, limit: limit) else { return }
            zones[zone.zone.offset] = zone
        case .cell(let cell):
            guard Self.grow(&cells, to: cell.cell.offset, limit: limit),
                Self.grow(&loads, to: cell.cell.offset, limit: limit)
            else { return }
            let known = cells[cell.cell.offset].take()
            if known?.identity != cell.identity { loads[cell.cell.offset] = nil }
            cells[cell.cell.offset] = cell
        case .terminal(let terminal):
            let offset = terminal.terminal.offset
            guard Self.grow(&terminals, to: offset, limit: limit) else { return }
            if var known = terminals[offset].take(), known.definition.name == terminal.name {
                known.definition = terminal
                terminals[offset] = known
            } else {
                terminals[offset] = Terminal(definition: terminal)
            }
        }
    }

    // Static: a method would hold a copy of the whole, and the table would be copied each time it grows.
    private static func grow<Element>(_ table: inout [Element?], to offset: Int, limit: Int) -> Bool {
        guard offset < limit else { return false }
        while table.count <= offset { table.append(nil) }
        return true
    }

    private mutating func change(_ terminal: TerminalIndex, _ body: (inout Terminal) -> Void) {
        guard terminal.offset < terminals.count, var known = terminals[terminal.offset].take() else { return }
        body(&known)
        terminals[terminal.offset] = known
    }

    /// Everything as facts, definitions first. A service takes them in without telling anybody.
    package func batch(source: SourceIndex, at time: RadioTime) -> RadioBatch {
        var batch = RadioBatch(source: source, reserving: zones.count + cells.count * 2 + terminals.count * 4)
        for case let zone? in zones { batch.append(.zone(zone), at: time) }
        for case let cell? in cells { batch.append(.cell(cell), at: time) }
        for case let load? in loads { batch.append(load, at: time) }
        for case let terminal? in terminals {
            let index = terminal.definition.terminal
            batch.append(.terminal(terminal.definition), at: time)
            if let cell = terminal.servingCell { batch.append(.attached(index, cell), at: time) }
            if let position = terminal.position {
                batch.append(.position(position), at: terminal.positionTime)
            }
            for bearer in terminal.bearers { batch.append(.established, bearer, at: time) }
            for bearer in terminal.s1Bearers { batch.append(.established, bearer, at: time) }
        }
        return batch
    }
}

package import MECModel
import MECRuntime

/// What the radio network information service knows: cells, terminals, bearers and measurements.
///
/// A machine without clock or I/O: facts go in, notifications come out of the ``RniOutlet``. Wi-Fi
/// points of access are not part of the radio network (MEC 028 is their service): a terminal on
/// Wi-Fi is one that no cell serves.
package struct RadioNetworkState: Sendable {
    /// How much is kept at most. A fact about a cell or terminal beyond is refused and counted.
    package struct Limits: Sendable, Equatable {
        /// 1…1,000,000.
        package var cells = 100_000
        /// 1…1,000,000.
        package var terminals = 200_000
        /// 1…1,000,000.
        package var zones = 10_000

        package init() {}
    }

    /// Facts that could not be used.
    package struct Counters: Sendable, Equatable {
        /// About a cell or terminal that was never defined.
        package var unknown: UInt64 = 0
        /// Beyond ``Limits``.
        package var refused: UInt64 = 0
        /// Notifications that lack what the GS requires, so that Annex A's topic did not get them.
        package var incomplete: UInt64 = 0
    }

    struct Cell: Sendable {
        var definition: CellDefinition
        var terminals = 0
        var load: CellLoadFact?
        var isDirty = false
    }

    struct Terminal: Sendable {
        var terminal: NotifiedTerminal
        var servingCell: CellIndex?
        /// `{plmn}/{cell}/{ue}` while a cell serves it.
        var suffix = ""
        var secondaryCells: [CellIndex] = []
        var bearers: [ErabInfo] = []
        var s1Bearers: [S1BearerInfo.Bearer] = []
        var load: TerminalLoadFact?
        var altitude: Float?
        var isDirty = false
    }

    package let limits: Limits
    package internal(set) var counters = Counters()
    var cells: [Cell?] = []
    var terminals: [Terminal?] = []
    var zones: [String?] = []
    /// Networks, and how many cells each has.
    var plmns: [Plmn: Int] = [:]
    var dirtyCells = ChangeQueue<CellIndex>()
    var dirtyTerminals = ChangeQueue<TerminalIndex>()
    /// State topics of what is gone.
    var removed: [RadioNetworkChange] = []

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    package var terminalCount: Int { terminals.count { $0 != nil } }
    package var cellCount: Int { cells.count { $0 != nil } }

    // MARK: - Definitions

    mutating func define(_ definition: RadioDefinition) {
        switch definition {
        case .zone(let zone):
            guard admit(zone.zone.offset, limit: limits.zones) else { return }
            Self.grow(&zones, to: zone.zone.offset)
            zones[zone.zone.offset] = zone.zoneId
        case .cell(let cell): define(cell)
        case .terminal(let terminal): define(terminal)
        }
    }

    private mutating func define(_ definition: CellDefinition) {
        guard admit(definition.cell.offset, limit: limits.cells) else { return }
        Self.grow(&cells, to: definition.cell.offset)
        if var known = cells[definition.cell.offset], known.definition.identity == definition.identity {
            known.definition = definition
            cells[definition.cell.offset] = known
        } else {
            removeCell(definition.cell)
            cells[definition.cell.offset] = Cell(definition: definition)
            if let plmn = definition.identity.plmn { plmns[plmn, default: 0] += 1 }
        }
        markDirty(definition.cell)
    }

    private mutating func define(_ definition: TerminalDefinition) {
        guard admit(definition.terminal.offset, limit: limits.terminals) else { return }
        Self.grow(&terminals, to: definition.terminal.offset)
        let notified = NotifiedTerminal(
            name: definition.name,
            associateId: definition.associateIds,
            tempUeId: definition.tempUeId
        )
        if var known = terminals[definition.terminal.offset], known.terminal.name == definition.name {
            known.terminal = notified
            terminals[definition.terminal.offset] = known
            markDirty(definition.terminal)
        } else {
            removeTerminal(definition.terminal)
            terminals[definition.terminal.offset] = Terminal(terminal: notified)
        }
    }

    mutating func removeCell(_ cell: CellIndex) {
        guard cell.offset < cells.count, let known = cells[cell.offset] else { return }
        cells[cell.offset] = nil
        removed.append(.cellRemoved(known.definition.identity))
        if let plmn = known.definition.identity.plmn, let count = plmns[plmn] {
            plmns[plmn] = count > 1 ? count - 1 : nil
        }
        guard known.terminals > 0 else { return }
        for offset in terminals.indices where terminals[offset]?.servingCell == cell {
            serve(TerminalIndex(UInt32(offset)), by: nil)
        }
    }

    mutating func removeTerminal(_ terminal: TerminalIndex) {
        guard terminal.offset < terminals.count, let known = terminals[terminal.offset] else { return }
        serve(terminal, by: nil)
        terminals[terminal.offset] = nil
        removed.append(.terminalRemoved(name: known.terminal.name))
    }

    private mutating func admit(_ offset: Int, limit: Int) -> Bool {
        if offset < limit { return true }
        counters.refused += 1
        return false
    }

    private static func grow<Element>(_ table: inout [Element?], to offset: Int) {
        while table.count <= offset { table.append(nil) }
    }

    // MARK: - Serving cell

    /// The cell becomes the terminal's serving cell; `nil` is none.
    mutating func serve(_ terminal: TerminalIndex, by cell: CellIndex?) {
        guard terminal.offset < terminals.count, terminals[terminal.offset] != nil else { return }
        let previous = terminals[terminal.offset]?.servingCell
        guard previous != cell else { return }
        if let previous, previous.offset < cells.count {
            cells[previous.offset]?.terminals -= 1
            markDirty(previous)
        }
        if let cell, cell.offset < cells.count {
            cells[cell.offset]?.terminals += 1
            markDirty(cell)
        }
        let suffix = suffix(of: terminal, in: cell) ?? ""
        terminals[terminal.offset]?.servingCell = cell
        terminals[terminal.offset]?.secondaryCells = []
        terminals[terminal.offset]?.suffix = suffix
        markDirty(terminal)
    }

    func suffix(of terminal: TerminalIndex, in cell: CellIndex?) -> String? {
        guard let cell, let identity = identity(cell), let name = self[terminal]?.terminal.name else {
            return nil
        }
        return RniTopics.suffix(identity, terminal: name)
    }

    // MARK: - Look-up

    subscript(terminal: TerminalIndex) -> Terminal? {
        terminal.offset < terminals.count ? terminals[terminal.offset] : nil
    }

    subscript(cell: CellIndex) -> Cell? {
        cell.offset < cells.count ? cells[cell.offset] : nil
    }

    func identity(_ cell: CellIndex) -> CellIdentity? {
        cell.offset < cells.count ? cells[cell.offset]?.definition.identity : nil
    }

    /// Whether the cell is known and of the radio network.
    func isRadio(_ cell: CellIndex) -> Bool {
        guard let identity = identity(cell) else { return false }
        return identity.access != .wifi
    }

    // MARK: - Changes

    mutating func markDirty(_ cell: CellIndex) {
        guard cell.offset < cells.count, cells[cell.offset]?.isDirty == false else { return }
        cells[cell.offset]?.isDirty = true
        dirtyCells.append(cell)
    }

    mutating func markDirty(_ terminal: TerminalIndex) {
        guard terminal.offset < terminals.count, terminals[terminal.offset]?.isDirty == false else { return }
        terminals[terminal.offset]?.isDirty = true
        dirtyTerminals.append(terminal)
    }
}

/// A retained topic that is to be written or cleared.
package enum RadioNetworkChange: Hashable, Sendable {
    case cell(CellState)
    case cellRemoved(CellIdentity)
    case terminal(UeState)
    /// No cell serves the terminal, or it is gone.
    case terminalRemoved(name: String)
}

extension RadioNetworkState {
    /// What changed since the last call, in the order cells, terminals, removals.
    ///
    /// - Parameters:
    ///   - limit: How many at most; the rest comes with the next call.
    ///   - hold: Calls for which a change waits for others of the same cell or terminal.
    package mutating func takeChanges(
        now: RadioTime,
        limit: Int = .max,
        hold: Int = 0
    ) -> [RadioNetworkChange] {
        var changes = removed
        removed = []
        let someCells = dirtyCells.take(hold: hold, limit: limit)
        for cell in someCells {
            guard var known = self[cell] else { continue }
            known.isDirty = false
            cells[cell.offset]?.isDirty = false
            guard known.definition.identity.access != .wifi else { continue }
            changes.append(.cell(state(of: known, now: now)))
        }
        let room = max(0, limit - someCells.count)
        for terminal in dirtyTerminals.take(hold: hold, limit: room) {
            guard let known = self[terminal] else { continue }
            terminals[terminal.offset]?.isDirty = false
            if let state = state(of: known, now: now) {
                changes.append(.terminal(state))
            } else {
                changes.append(.terminalRemoved(name: known.terminal.name))
            }
        }
        return changes
    }

    /// The retained topics that stand for what is here now.
    package var stateTopics: Set<String> {
        var topics: Set<String> = []
        for case let cell? in cells where cell.definition.identity.access != .wifi {
            for encoding in BodyEncoding.allCases {
                topics.insert(RniTopics.cellState(encoding, cell: cell.definition.identity))
            }
        }
        for case let terminal? in terminals where terminal.servingCell != nil {
            for encoding in BodyEncoding.allCases {
                topics.insert(RniTopics.ueState(encoding, terminal: terminal.terminal.name))
            }
        }
        return topics
    }

    private func state(of cell: Cell, now: RadioTime) -> CellState {
        let zone = cell.definition.zone.flatMap { $0.offset < zones.count ? zones[$0.offset] : nil }
        return CellState(
            timeStamp: now,
            definition: cell.definition,
            zoneId: zone,
            numberOfUEs: cell.terminals,
            load: cell.load
        )
    }

    private func state(of terminal: Terminal, now: RadioTime) -> UeState? {
        guard let serving = terminal.servingCell.flatMap(identity) else { return nil }
        return UeState(
            timeStamp: now,
            terminal: terminal.terminal,
            servingCell: serving,
            secondaryCells: terminal.secondaryCells.compactMap(identity),
            erabInfo: terminal.bearers
        )
    }
}

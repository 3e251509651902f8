import Synchronization

/// Gives out the small numbers that stand for cells, zones, terminals and sources.
///
/// One inventory serves a whole site, so that two sources which speak of the same cell mean the same
/// index. Sources ask once per thing and keep the answer. Safe to use from any thread.
package final class RadioInventory: Sendable {
    /// How many of each may exist at once. Asking for one more throws ``InventoryError/full(_:limit:)``.
    package struct Limits: Sendable {
        package var zones = 10_000
        package var cells = 100_000
        package var terminals = 200_000
        /// At most 65,536.
        package var sources = 256

        package init() {}
    }

    package enum Kind: String, Sendable {
        case zone, cell, terminal, source
    }

    package enum InventoryError: Error, Equatable, CustomStringConvertible {
        case full(Kind, limit: Int)

        package var description: String {
            switch self {
            case .full(let kind, let limit):
                "no room for another \(kind.rawValue): the limit is \(limit); "
                    + "raise radio.limits.\(kind.rawValue)s or remove one"
            }
        }
    }

    private struct Table<Key: Hashable & Sendable>: Sendable {
        var indices: [Key: UInt32] = [:]
        var keys: [Key?] = []
        var free: [UInt32] = []

        mutating func index(of key: Key, _ kind: Kind, limit: Int) throws(InventoryError) -> UInt32 {
            if let index = indices[key] { return index }
            guard indices.count < limit else { throw .full(kind, limit: limit) }
            let index: UInt32
            if let reused = free.popLast() {
                index = reused
                keys[Int(reused)] = key
            } else {
                index = UInt32(keys.count)
                keys.append(key)
            }
            indices[key] = index
            return index
        }

        mutating func release(_ index: UInt32) {
            guard Int(index) < keys.count, let key = keys[Int(index)] else { return }
            keys[Int(index)] = nil
            indices[key] = nil
            free.append(index)
        }

        func key(_ index: Int) -> Key? { index < keys.count ? keys[index] : nil }
    }

    private struct Tables: Sendable {
        var zones = Table<String>()
        var cells = Table<CellIdentity>()
        var terminals = Table<String>()
        var sources = Table<String>()
    }

    private let tables = Mutex(Tables())
    package let limits: Limits

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The index of a zone, new or known.
    package func zone(_ zoneId: String) throws(InventoryError) -> ZoneIndex {
        let limit = limits.zones
        return ZoneIndex(
            try locked { t throws(InventoryError) in try t.zones.index(of: zoneId, .zone, limit: limit) }
        )
    }

    /// The index of a point of access, new or known.
    package func cell(_ identity: CellIdentity) throws(InventoryError) -> CellIndex {
        let limit = limits.cells
        return CellIndex(
            try locked { t throws(InventoryError) in try t.cells.index(of: identity, .cell, limit: limit) }
        )
    }

    /// The index of a terminal by its name on the site, new or known.
    package func terminal(_ name: String) throws(InventoryError) -> TerminalIndex {
        let limit = limits.terminals
        return TerminalIndex(
            try locked { t throws(InventoryError) in try t.terminals.index(of: name, .terminal, limit: limit)
            }
        )
    }

    /// The index of a source by its name: "scenario monaco", "trace drive1.csv", "gnb 10.0.0.7".
    package func source(_ name: String) throws(InventoryError) -> SourceIndex {
        let limit = min(limits.sources, 65_536)
        let index = try locked { t throws(InventoryError) in
            try t.sources.index(of: name, .source, limit: limit)
        }
        return SourceIndex(UInt16(truncatingIfNeeded: index))
    }

    package func name(of source: SourceIndex) -> String? { locked { $0.sources.key(source.offset) } }
    package func name(of terminal: TerminalIndex) -> String? { locked { $0.terminals.key(terminal.offset) } }
    package func identity(of cell: CellIndex) -> CellIdentity? { locked { $0.cells.key(cell.offset) } }

    /// Frees the index for another terminal. Call it once a batch with `terminalRemoved` was accepted,
    /// never before: the services would mix the two.
    package func release(_ terminal: TerminalIndex) { locked { $0.terminals.release(terminal.value) } }

    /// Frees the index for another cell, once a batch with `cellRemoved` was accepted.
    package func release(_ cell: CellIndex) { locked { $0.cells.release(cell.value) } }

    /// Frees the index for another zone, once a batch with `zoneRemoved` was accepted.
    package func release(_ zone: ZoneIndex) { locked { $0.zones.release(zone.value) } }

    private func locked<Result: Sendable, Failure: Error>(
        _ body: (inout Tables) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try tables.withLock { (tables) throws(Failure) in try body(&tables) }
    }
}

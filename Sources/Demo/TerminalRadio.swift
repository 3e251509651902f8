package import MECModel
import Synchronization

/// What each terminal of a scenario knows of itself: where it is, and how it hears its cell.
package final class TerminalRadio: RadioFactSink {
    package struct Reading: Sendable {
        package let name: String
        package fileprivate(set) var position: PositionFact?
        package fileprivate(set) var cell: CellIdentity?
        package fileprivate(set) var level = SignalLevel()
    }

    private let inventory: RadioInventory
    private let readings = Mutex<[TerminalIndex: Reading]>([:])

    package init(inventory: RadioInventory) { self.inventory = inventory }

    /// All terminals by name.
    package var all: [Reading] {
        readings.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    package func accept(_ batch: RadioBatch) -> Bool {
        readings.withLock { readings in
            for event in batch.events {
                switch event.fact {
                case .defined(let index):
                    guard case .terminal(let definition) = batch.definitions[index.offset] else { continue }
                    readings[definition.terminal] = Reading(name: definition.name)
                case .position(let position): readings[position.terminal]?.position = position
                case .attached(let terminal, let cell):
                    readings[terminal]?.cell = inventory.identity(of: cell)
                case .detached(let terminal): readings[terminal]?.cell = nil
                case .measurement(let report):
                    readings[report.terminal]?.cell = inventory.identity(of: report.servingCell)
                    readings[report.terminal]?.level = report.level
                case .terminalRemoved(let terminal): readings[terminal] = nil
                default: continue
                }
            }
        }
        return true
    }
}

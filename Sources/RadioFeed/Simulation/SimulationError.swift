package import MECModel

/// Why a scenario cannot be simulated.
package enum SimulationError: Error, Sendable, Equatable, CustomStringConvertible {
    case settings(String)
    /// A terminal's path leads more than 500 km from the middle of the sites.
    case tooFar(String)
    case inventory(RadioInventory.InventoryError)

    package var description: String {
        switch self {
        case .settings(let problem): "simulation settings: \(problem)"
        case .tooFar(let terminal):
            "the path of the terminal \"\(terminal)\" leads more than \(Int(LocalPlane.reachMetres / 1000)) km "
                + "away from the sites; check its longitude and latitude, which come in this order"
        case .inventory(let error): "\(error)"
        }
    }
}

/// The inventory's numbers of a scenario's parts, in the scenario's order.
struct SimulationIndices {
    var zones: [ZoneIndex] = []
    var cells: [CellIndex] = []
    var terminals: [TerminalIndex] = []

    init(_ scenario: Scenario, inventory: RadioInventory) throws(SimulationError) {
        do {
            for zone in scenario.zones { zones.append(try inventory.zone(zone.id)) }
            for cell in scenario.cells { cells.append(try inventory.cell(cell.identity)) }
            for terminal in scenario.terminals { terminals.append(try inventory.terminal(terminal.name)) }
        } catch { throw .inventory(error) }
    }
}

import MECModel

/// Which sources speak of a terminal, so that its number is given back when the last of them is done.
///
/// A number that goes back while another source still uses it would soon mean two terminals.
struct IndexOwners: Sendable {
    private var sources: [TerminalIndex: Set<SourceIndex>] = [:]

    /// Looks through a batch that the sink has taken.
    mutating func accepted(_ batch: RadioBatch, inventory: RadioInventory) {
        for event in batch.events {
            switch event.fact {
            case .defined(let place):
                guard case .terminal(let definition) = batch.definitions[place.offset] else { continue }
                sources[definition.terminal, default: []].insert(event.source)
            case .terminalRemoved(let terminal):
                sources[terminal]?.remove(event.source)
                guard sources[terminal]?.isEmpty ?? true else { continue }
                sources[terminal] = nil
                inventory.release(terminal)
            default: continue
            }
        }
    }
}

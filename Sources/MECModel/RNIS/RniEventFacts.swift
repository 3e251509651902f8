/// What the filters of MEC 012 6.3 look at in a notification as the bus carries it, in whichever encoding.
package struct RniEventFacts: Hashable, Sendable {
    package var associateIds: [AssociateId] = []
    package var cells: [CellIdentity] = []
    package var hoStatus: UInt8?
    package var erabIds: [UInt8] = []
    package var qci: UInt8?
    /// Trigger or TriggerNr.
    package var trigger: UInt8?
    package var s1Event: UInt8?

    package init() {}

    /// As ``RniFilter/matches(_:)`` for a notification that is encoded already.
    package func match(_ filter: RniFilter) -> Bool {
        if !filter.associateIds.isEmpty, !associateIds.contains(where: filter.associateIds.contains) {
            return false
        }
        if !filter.cells.isEmpty, !cells.contains(where: filter.cells.contains) { return false }
        switch filter.event {
        case .cellChange:
            let statuses = filter.hoStatus.isEmpty ? [.completed] : filter.hoStatus
            return hoStatus.flatMap(HandoverStatus.init).map(statuses.contains) ?? false
        case .rabEst, .rabMod, .rabRel:
            // A release says no QCI; the bearer's identifier tells which it was.
            return (filter.qci == nil || qci == nil || filter.qci == qci) && wantsBearer(filter)
        case .measRepUe, .nrMeasRepUe:
            return filter.triggers.isEmpty || trigger.map(filter.triggers.contains) ?? false
        case .measTa, .caReconf: return true
        case .s1Bearer:
            let isWanted = s1Event.flatMap(BearerStep.init).map(filter.s1Events.contains) ?? false
            return (filter.s1Events.isEmpty || isWanted) && wantsBearer(filter)
        }
    }

    private func wantsBearer(_ filter: RniFilter) -> Bool {
        filter.erabIds.isEmpty || erabIds.contains(where: filter.erabIds.contains)
    }
}

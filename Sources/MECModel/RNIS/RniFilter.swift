/// Which notifications a subscriber wants: the filter criteria of MEC 012 6.3 in one value.
///
/// What is `nil` or empty does not narrow. Criteria of different kinds must all hold; of one kind,
/// any one suffices.
package struct RniFilter: Hashable, Sendable {
    package var event: RniEvent
    package var associateIds: Set<AssociateId> = []
    package var cells: Set<CellIdentity> = []
    /// CellChange only; empty is the GS's default, `completed` (6.3.2).
    package var hoStatus: Set<HandoverStatus> = []
    /// RabEst, RabMod and RabRel only.
    package var qci: UInt8?
    /// RabMod, RabRel (one) and S1Bearer (any).
    package var erabIds: Set<UInt8> = []
    /// MeasRepUe and NrMeasRepUe only: Trigger or TriggerNr.
    package var triggers: Set<UInt8> = []
    /// S1Bearer only.
    package var s1Events: Set<BearerStep> = []

    package init(_ event: RniEvent) { self.event = event }

    package func matches(_ notification: RniNotification) -> Bool {
        guard notification.event == event else { return false }
        if !associateIds.isEmpty, !notification.terminal.associateId.contains(where: associateIds.contains) {
            return false
        }
        switch notification {
        case .cellChange(let body):
            let statuses = hoStatus.isEmpty ? [.completed] : hoStatus
            return statuses.contains(body.hoStatus)
                && (cells.isEmpty || cells.contains(body.source)
                    || body.targets.contains(where: cells.contains))
        case .rabEst(let body), .rabMod(let body), .rabRel(let body):
            return wants(body.cell) && (qci == nil || qci == body.qci) && wants(erabId: body.erabId)
        case .measRepUe(let body):
            return wants(body.serving.cell) && (triggers.isEmpty || triggers.contains(body.trigger))
        case .nrMeasRepUe(let body):
            return wants(body.serving.cell) && (triggers.isEmpty || triggers.contains(body.triggerNr))
        case .measTa(let body):
            return wants(body.cell)
        case .caReconf(let body):
            return wants(body.cell)
        case .s1Bearer(let body):
            return wants(body.cell) && (s1Events.isEmpty || s1Events.contains(body.s1Event))
                && wants(erabId: body.erabId)
        }
    }

    private func wants(_ cell: CellIdentity) -> Bool { cells.isEmpty || cells.contains(cell) }
    private func wants(erabId: UInt8) -> Bool { erabIds.isEmpty || erabIds.contains(erabId) }
}

import MECModel
import RPCBridge

/// How the video of one terminal is analysed: next to which cell, and how much of it.
struct Plan: Encodable, Equatable {
    /// PLMN and cell, as in the topics of the radio network.
    var cell: String
    /// Where the terminal is about to go: the analysis there is warmed up before it arrives.
    var nextCell: String?
    /// Pixels of a frame's width.
    var width = 640
    var framesPerSecond = 10
}

/// Follows cells and link quality of each terminal, and says how its plan changes.
struct Planner {
    /// From this RSRP, in dBm, a terminal's uplink carries so much.
    private static let ladder: [(rsrp: Float, width: Int, framesPerSecond: Int)] = [
        (-85, 1920, 30), (-95, 1280, 25), (-105, 960, 15),
    ]

    private(set) var plans: [String: Plan] = [:]

    /// - Returns: The terminal and its plan, where something changed.
    mutating func take(_ notification: Weir_Rnis_V1_Notification) -> (terminal: String, plan: Plan)? {
        switch notification.body {
        case .cellChange(let change): update(change.terminal, change.srcCell) { plan in
            guard let target = change.trgCell.first.flatMap(CellIdentity.init)?.description else { return }
            switch change.hoStatus {
            case .inPreparation, .inExecution: plan.nextCell = target
            case .completed:
                plan.cell = target
                plan.nextCell = nil
                // Nothing is known of the new link: as little as a poor one carries, until it is measured.
                (plan.width, plan.framesPerSecond) = (640, 10)
            default: plan.nextCell = nil
            }
        }
        case .measRepUe(let report): measured(report.terminal, report.serving, lowest: -140)
        case .nrMeasRepUe(let report):
            report.servCellMeasInfo.first.flatMap { measured(report.terminal, $0.serving, lowest: -156) }
        default: nil
        }
    }

    private mutating func measured(
        _ terminal: Weir_Mec_V1_Terminal,
        _ serving: Weir_Rnis_V1_CellMeasurement,
        lowest: Float
    ) -> (terminal: String, plan: Plan)? {
        guard serving.hasRsrpDbm || serving.hasRsrp else { return nil }
        // TS 36.133 and TS 38.133 number the levels from the lowest, one for each dB.
        let rsrp = serving.hasRsrpDbm ? serving.rsrpDbm : lowest + Float(serving.rsrp)
        return update(terminal, serving.cell) { plan in
            let step = Self.ladder.first { rsrp >= $0.rsrp }
            (plan.width, plan.framesPerSecond) = (step?.width ?? 640, step?.framesPerSecond ?? 10)
        }
    }

    private mutating func update(
        _ terminal: Weir_Mec_V1_Terminal,
        _ cell: Weir_Mec_V1_CellIdentity,
        _ change: (inout Plan) -> Void
    ) -> (terminal: String, plan: Plan)? {
        guard let identity = CellIdentity(cell) else { return nil }
        let old = plans[terminal.name]
        var plan = old ?? Plan(cell: identity.description)
        change(&plan)
        plans[terminal.name] = plan
        return plan == old ? nil : (terminal.name, plan)
    }
}

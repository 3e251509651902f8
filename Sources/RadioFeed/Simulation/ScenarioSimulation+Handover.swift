import MECModel

/// Trigger (E-UTRA) and TriggerNr (NR) of MEC 012 6.6.2 and 6.6.3.
enum ReportTrigger {
    static let periodical: UInt8 = 1
    static let eventA3: UInt8 = 12
    /// EVENT_B1-NR, serving cell E-UTRA.
    static let eventB1: UInt8 = 20
    /// EVENT_B2, serving cell NR.
    static let eventB2: UInt8 = 31
}

/// Handover: measurement events, preparation, execution.
///
/// Entering conditions that hold for the time to trigger make a measurement report. The source then
/// asks the reported cells in the order of level (in preparation). When by the time of their answer no
/// target is better any more, it takes back the request (cancelled, X2AP Handover Cancel, TS 36.423
/// 8.2.3); when none has room, they refuse (rejected, X2AP Handover Preparation Failure, 8.2.1.3); else
/// the terminal is sent (in execution) and arrives (completed), unless the target cannot be heard at
/// that moment: then the terminal re-establishes elsewhere and the source cancels.
extension ScenarioSimulation {
    @inline(__always)
    mutating func continueHandover(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        switch states[terminal].phase {
        case .none:
            let trigger = watch(terminal)
            if trigger != 0, step >= states[terminal].retry {
                prepare(terminal, trigger: trigger, at: time, into: &batch)
            }
        case .preparing:
            _ = watch(terminal)
            if step >= states[terminal].deadline { decide(terminal, at: time, into: &batch) }
        case .executing:
            if step >= states[terminal].deadline { arrive(terminal, at: time, into: &batch) }
        }
    }

    /// Whole steps that a time in milliseconds takes; at least one.
    func steps(milliseconds: Int) -> Int64 {
        max(1, Int64((milliseconds + settings.stepMilliseconds - 1) / settings.stepMilliseconds))
    }

    // MARK: - Measurement events

    /// Keeps the entering and leaving conditions; the trigger whose time has come, else 0.
    @inline(__always)
    private mutating func watch(_ terminal: Int) -> UInt8 {
        let slot = Int(states[terminal].slot)
        guard slot >= 0 else { return 0 }
        let base = terminal * stride
        let serving = candidateFiltered[base + slot]
        let access = map.cells[Int(states[terminal].serving)].access
        let hysteresis = mobility.hysteresis
        let patience = Int64(
            (mobility.timeToTrigger + settings.stepMilliseconds - 1) / settings.stepMilliseconds
        )
        var trigger: UInt8 = 0
        for k in 0..<Int(states[terminal].candidates) where k != slot {
            let level = candidateFiltered[base + k]
            // Positive by the hysteresis: enters; negative by it: leaves.
            let margin: Float
            let event: UInt8
            if map.cells[Int(candidateCell[base + k])].access == access {
                // TS 36.331 5.5.4.4 and TS 38.331 5.5.4.4: Mn > Mp + Off, both with Hys.
                margin = level - serving - mobility.a3Offset
                event = ReportTrigger.eventA3
            } else if access == .eutra {
                // TS 36.331 5.5.4.7a: Mn > Thresh.
                margin = level - mobility.b1Threshold
                event = ReportTrigger.eventB1
            } else {
                // TS 38.331 5.5.4.9: Mp < Thresh1 and Mn > Thresh2.
                margin = min(mobility.b2Threshold1 - serving, level - mobility.b2Threshold2)
                event = ReportTrigger.eventB2
            }
            if margin > hysteresis {
                if candidateEntered[base + k] < 0 { candidateEntered[base + k] = step }
                if step - candidateEntered[base + k] >= patience { trigger = max(trigger, event) }
            } else if margin < -hysteresis {
                candidateEntered[base + k] = -1
            }
        }
        return trigger
    }

    // MARK: - Preparation

    private mutating func prepare(
        _ terminal: Int,
        trigger: UInt8,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        let targets = triggeredCells(terminal)
        guard targets[0] >= 0 else { return }
        reportMeasurement(terminal, trigger: trigger, at: time, into: &batch)
        states[terminal].targets = targets
        states[terminal].phase = .preparing
        states[terminal].deadline = step + steps(milliseconds: mobility.preparationTime)
        tell(.inPreparation, terminal, target: targets[0], others: targets, at: time, into: &batch)
    }

    /// Up to three cells whose condition holds, the strongest first. NR goes before E-UTRA.
    private func triggeredCells(_ terminal: Int) -> SIMD4<Int32> {
        let base = terminal * stride
        var cells = SIMD4<Int32>(repeating: -1)
        var levels = SIMD4<Float>(repeating: -.infinity)
        for k in 0..<Int(states[terminal].candidates) where candidateEntered[base + k] >= 0 {
            var cell = candidateCell[base + k]
            var level = candidateFiltered[base + k]
            if map.cells[Int(cell)].access == .nr { level += 1_000 }
            for place in 0..<3 where level > levels[place] {
                (level, levels[place]) = (levels[place], level)
                (cell, cells[place]) = (cells[place], cell)
            }
        }
        return cells
    }

    /// The targets' answers are there.
    private mutating func decide(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let targets = states[terminal].targets
        var isWanted = false
        for place in 0..<3 where targets[place] >= 0 {
            let slot = Int(slot(of: targets[place], terminal))
            guard slot >= 0, candidateEntered[terminal * stride + slot] >= 0 else { continue }
            isWanted = true
            guard admits(targets[place]) else { continue }
            cellStates[Int(targets[place])].terminals += 1
            states[terminal].targets = SIMD4(targets[place], -1, -1, -1)
            states[terminal].phase = .executing
            states[terminal].deadline = step + steps(milliseconds: mobility.executionTime)
            tell(.inExecution, terminal, target: targets[place], at: time, into: &batch)
            return
        }
        endHandover(terminal, as: isWanted ? .rejected : .cancelled, at: time, into: &batch)
    }

    /// Whether a cell takes one more terminal.
    func admits(_ cell: Int32) -> Bool {
        cellStates[Int(cell)].terminals < map.cells[Int(cell)].terminalsMax
    }

    /// Ends a handover that is not completed, and frees what a target kept ready.
    mutating func endHandover(
        _ terminal: Int,
        as status: HandoverStatus,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        let targets = states[terminal].targets
        if states[terminal].phase == .executing { cellStates[Int(targets[0])].terminals -= 1 }
        states[terminal].phase = .none
        states[terminal].targets = SIMD4(repeating: -1)
        states[terminal].retry = step + steps(milliseconds: mobility.retryTime)
        tell(status, terminal, target: targets[0], others: targets, at: time, into: &batch)
    }

    // MARK: - Execution

    private mutating func arrive(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let target = states[terminal].targets[0]
        let slot = slot(of: target, terminal)
        guard slot >= 0, dataSinr(terminal, slot: Int(slot)) >= mobility.outOfSyncSinr else {
            // T304 runs out; the terminal re-establishes where it can, TS 36.331 5.3.5.6.
            endHandover(terminal, as: .cancelled, at: time, into: &batch)
            reestablish(terminal, at: time, into: &batch)
            return
        }
        let source = states[terminal].serving
        states[terminal].phase = .none
        states[terminal].targets = SIMD4(repeating: -1)
        cellStates[Int(source)].terminals -= 1
        dropSecondaries(terminal, at: time, into: &batch)
        tell(.completed, terminal, target: target, at: time, into: &batch)
        changeCell(terminal, to: target, at: time, into: &batch)
        moveBearers(terminal, from: source, at: time, into: &batch)
    }

    /// Makes `cell` the serving one in the books; its counter is the caller's.
    mutating func changeCell(
        _ terminal: Int,
        to cell: Int32,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        dropSecondaries(terminal, at: time, into: &batch)
        states[terminal].serving = cell
        states[terminal].isOnWifi = false
        states[terminal].slot = slot(of: cell, terminal)
        states[terminal].outOfSyncSince = .max
        states[terminal].timingAdvance = .max
        states[terminal].volumeGBRDown = 0
        states[terminal].volumeGBRUp = 0
        states[terminal].volumeDown = 0
        states[terminal].volumeUp = 0
        let base = terminal * stride
        for k in 0..<Int(states[terminal].candidates) { candidateEntered[base + k] = -1 }
    }

    private func tell(
        _ status: HandoverStatus,
        _ terminal: Int,
        target: Int32,
        others: SIMD4<Int32> = SIMD4(repeating: -1),
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        let fact = HandoverFact(
            terminal: terms[terminal].index,
            source: map.cells[Int(states[terminal].serving)].index,
            target: map.cells[Int(target)].index,
            status: status
        )
        guard others[1] >= 0 else { return batch.append(fact, at: time) }
        let more = (0..<3).compactMap { place in
            others[place] >= 0 && others[place] != target ? map.cells[Int(others[place])].index : nil
        }
        batch.append(fact, otherTargets: more, at: time)
    }
}

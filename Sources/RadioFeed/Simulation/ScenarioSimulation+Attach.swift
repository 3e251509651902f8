import MECModel

/// Coming, going and being lost: attach, Wi-Fi, radio link failure.
extension ScenarioSimulation {
    /// Looks after the serving cell, once per report.
    mutating func watchLink(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        if terms[terminal].capabilities.contains(.wifi) {
            watchAccessPoints(terminal, at: time, into: &batch)
            if states[terminal].isOnWifi { return }
        }
        guard states[terminal].serving >= 0 else {
            let best = bestCell(terminal)
            if best >= 0 { attach(terminal, to: best, at: time, into: &batch) }
            return
        }
        let slot = Int(states[terminal].slot)
        guard slot >= 0 else { return }
        rateLink(terminal, slot: slot)
        let isLost = candidateFiltered[terminal * stride + slot] < mobility.minimumLevel
        if states[terminal].sinr < mobility.outOfSyncSinr || isLost {
            if states[terminal].outOfSyncSince == .max { states[terminal].outOfSyncSince = step }
            // TS 36.331 5.3.11.3: T310 has run out.
            if step - states[terminal].outOfSyncSince >= steps(milliseconds: mobility.t310) {
                if states[terminal].phase != .none {
                    endHandover(terminal, as: .cancelled, at: time, into: &batch)
                }
                reestablish(terminal, at: time, into: &batch)
            }
        } else {
            states[terminal].outOfSyncSince = .max
        }
    }

    /// The strongest cell that can be camped on and has room; NR first where it is good. -1 for none.
    func bestCell(_ terminal: Int) -> Int32 {
        let base = terminal * stride
        var best: Int32 = -1
        var bestLevel = -Float.infinity
        for k in 0..<Int(states[terminal].candidates) {
            var level = candidateFiltered[base + k]
            let cell = candidateCell[base + k]
            guard level > mobility.minimumLevel + mobility.hysteresis, admits(cell) else { continue }
            if map.cells[Int(cell)].access == .nr, level > mobility.b1Threshold { level += 1_000 }
            if level > bestLevel {
                bestLevel = level
                best = cell
            }
        }
        return best
    }

    mutating func attach(_ terminal: Int, to cell: Int32, at time: RadioTime, into batch: inout RadioBatch) {
        cellStates[Int(cell)].terminals += 1
        changeCell(terminal, to: cell, at: time, into: &batch)
        batch.append(.attached(terms[terminal].index, map.cells[Int(cell)].index), at: time)
        establishBearers(terminal, at: time, into: &batch)
        if states[terminal].slot >= 0 { rateLink(terminal, slot: Int(states[terminal].slot)) }
    }

    /// Leaves the serving cell without a new one.
    mutating func leave(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        guard states[terminal].serving >= 0 else { return }
        dropSecondaries(terminal, at: time, into: &batch)
        releaseBearers(terminal, at: time, into: &batch)
        cellStates[Int(states[terminal].serving)].terminals -= 1
        states[terminal].serving = -1
        states[terminal].slot = -1
        states[terminal].isOnWifi = false
        states[terminal].givenDown = 0
        states[terminal].givenUp = 0
        states[terminal].givenGBRDown = 0
        states[terminal].givenGBRUp = 0
    }

    /// RRC connection re-establishment at the best cell, TS 36.331 5.3.7; without one the terminal is gone.
    mutating func reestablish(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let source = states[terminal].serving
        states[terminal].outOfSyncSince = .max
        let best = bestCell(terminal)
        if best == source { return }
        guard best >= 0 else {
            leave(terminal, at: time, into: &batch)
            batch.append(.detached(terms[terminal].index), at: time)
            return
        }
        cellStates[Int(source)].terminals -= 1
        cellStates[Int(best)].terminals += 1
        changeCell(terminal, to: best, at: time, into: &batch)
        batch.append(.attached(terms[terminal].index, map.cells[Int(best)].index), at: time)
        moveBearers(terminal, from: source, at: time, into: &batch)
        if states[terminal].slot >= 0 { rateLink(terminal, slot: Int(states[terminal].slot)) }
    }

    // MARK: - Wi-Fi

    /// Takes an access point that is strong, leaves one that is weak.
    ///
    /// On Wi-Fi the terminal has no bearers: what it sends goes over the access point.
    private mutating func watchAccessPoints(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch)
    {
        let list = Int(states[terminal].list)
        guard list >= 0 else { return }
        let key = SeededRandom.mix(terms[terminal].radio.key &+ UInt64(bitPattern: step))
        if states[terminal].isOnWifi {
            let cell = states[terminal].serving
            let measured = accessPointLevel(terminal, cell: cell) + noise.value(key, cell: cell)
            states[terminal].wifiLevel += 0.5 * (measured - states[terminal].wifiLevel)
            if states[terminal].wifiLevel >= mobility.wifiLeaveLevel { return }
        }
        var best: Int32 = -1
        var bestLevel = mobility.wifiJoinLevel
        for cell in candidateMap.lists[list].accessPoints where cell != states[terminal].serving {
            let level = accessPointLevel(terminal, cell: cell) + noise.value(key, cell: cell)
            if level >= bestLevel, admits(cell) {
                best = cell
                bestLevel = level
            }
        }
        if best >= 0 {
            if states[terminal].phase != .none {
                endHandover(terminal, as: .cancelled, at: time, into: &batch)
            }
            leave(terminal, at: time, into: &batch)
            cellStates[Int(best)].terminals += 1
            states[terminal].serving = best
            states[terminal].isOnWifi = true
            states[terminal].wifiLevel = bestLevel
            batch.append(.attached(terms[terminal].index, map.cells[Int(best)].index), at: time)
        } else if states[terminal].isOnWifi {
            leave(terminal, at: time, into: &batch)
            let cell = bestCell(terminal)
            if cell >= 0 {
                attach(terminal, to: cell, at: time, into: &batch)
            } else {
                batch.append(.detached(terms[terminal].index), at: time)
            }
        }
    }
}

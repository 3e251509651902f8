import MECModel

/// The scheduler's round, once per report period: who gets how much of each cell.
///
/// Guaranteed rates go first, what is left is shared in proportion to need; users outside the scenario
/// keep their background share. Need is rate over efficiency, so a terminal at the edge costs more.
extension ScenarioSimulation {
    mutating func shareResources(at time: RadioTime, into batch: inout RadioBatch) {
        for c in cellStates.indices { clear(c) }
        for terminal in states.indices where states[terminal].serving >= 0 && !states[terminal].isOnWifi {
            addNeed(terminal)
        }
        for c in cellStates.indices where !map.cells[c].isAccessPoint {
            grant(c)
            tellLoad(c, at: time, into: &batch)
        }
        let seconds = Double(stepsPerReport) * Double(settings.stepMilliseconds) / 1000
        for terminal in states.indices { take(terminal, seconds: seconds) }
    }

    private mutating func clear(_ c: Int) {
        cellStates[c].needGBRDown = 0
        cellStates[c].needDown = 0
        cellStates[c].needGBRUp = 0
        cellStates[c].needUp = 0
        cellStates[c].activeGBRDown = 0
        cellStates[c].activeDown = 0
        cellStates[c].activeGBRUp = 0
        cellStates[c].activeUp = 0
    }

    /// Adds a terminal's need in resource blocks to its cells.
    private mutating func addNeed(_ terminal: Int) {
        let state = states[terminal]
        let c = Int(state.serving)
        let carrier = map.carriers[Int(map.cells[c].carrier)]
        let perBlockDown = state.downlinkEfficiency * carrier.downlinkElements
        let perBlockUp = state.uplinkEfficiency * carrier.uplinkElements
        if perBlockDown > 0 {
            cellStates[c].needGBRDown += state.demandGBRDown / perBlockDown
            addDown(state, primary: c, need: state.demandDown / perBlockDown)
        }
        if perBlockUp > 0 {
            cellStates[c].needGBRUp += state.demandGBRUp / perBlockUp
            cellStates[c].needUp += state.demandUp / perBlockUp
            states[terminal].uplinkBlocks = max(1, (state.demandGBRUp + state.demandUp) / perBlockUp)
        }
        cellStates[c].activeGBRDown += state.demandGBRDown > 0 ? 1 : 0
        cellStates[c].activeDown += state.demandDown > 0 ? 1 : 0
        cellStates[c].activeGBRUp += state.demandGBRUp > 0 ? 1 : 0
        cellStates[c].activeUp += state.demandUp > 0 ? 1 : 0
    }

    /// Secondary cells take an equal part of what is not guaranteed.
    private mutating func addDown(_ state: TerminalState, primary: Int, need: Float) {
        var count: Float = 1
        for place in 0..<4 where state.secondaries[place] >= 0 { count += 1 }
        cellStates[primary].needDown += need / count
        for place in 0..<4 where state.secondaries[place] >= 0 {
            cellStates[Int(state.secondaries[place])].needDown += need / count
        }
    }

    private mutating func grant(_ c: Int) {
        let cell = map.cells[c]
        let blocks = Float(map.carriers[Int(cell.carrier)].carrier.resourceBlocks)
        let room = blocks * (1 - cell.backgroundLoad)
        let down = Self.share(
            room: room,
            guaranteed: cellStates[c].needGBRDown,
            other: cellStates[c].needDown
        )
        let up = Self.share(room: room, guaranteed: cellStates[c].needGBRUp, other: cellStates[c].needUp)
        cellStates[c].shareGBRDown = down.guaranteed
        cellStates[c].shareDown = down.other
        cellStates[c].shareGBRUp = up.guaranteed
        cellStates[c].shareUp = up.other
        cellStates[c].load = min(1, cell.backgroundLoad + down.used / blocks)
        cellStates[c].uplinkLoad = min(1, cell.backgroundLoad + up.used / blocks)
    }

    private static func share(room: Float, guaranteed: Float, other: Float)
        -> (guaranteed: Float, other: Float, used: Float)
    {
        let first: Float = guaranteed > room ? room / guaranteed : 1
        let left = room - guaranteed * first
        let second: Float = other > left ? max(0, left) / other : 1
        return (first, second, guaranteed * first + other * second)
    }

    /// What a terminal gets of what it asked for.
    private mutating func take(_ terminal: Int, seconds: Double) {
        let state = states[terminal]
        guard state.serving >= 0 else { return }
        var shares = SIMD4<Float>(repeating: 1)
        if !state.isOnWifi {
            let cell = cellStates[Int(state.serving)]
            let hasDown: Float = state.downlinkEfficiency > 0 ? 1 : 0
            let hasUp: Float = state.uplinkEfficiency > 0 ? 1 : 0
            shares = SIMD4(
                cell.shareGBRDown * hasDown,
                cell.shareGBRUp * hasUp,
                cell.shareDown * hasDown,
                cell.shareUp * hasUp
            )
            var count: Float = 1
            for place in 0..<4 where state.secondaries[place] >= 0 {
                shares[2] += cellStates[Int(state.secondaries[place])].shareDown * hasDown
                count += 1
            }
            shares[2] /= count
        }
        states[terminal].givenGBRDown = state.demandGBRDown * shares[0]
        states[terminal].givenGBRUp = state.demandGBRUp * shares[1]
        states[terminal].givenDown = state.demandDown * shares[2]
        states[terminal].givenUp = state.demandUp * shares[3]
        states[terminal].volumeGBRDown += Double(states[terminal].givenGBRDown) * seconds
        states[terminal].volumeGBRUp += Double(states[terminal].givenGBRUp) * seconds
        states[terminal].volumeDown += Double(states[terminal].givenDown) * seconds
        states[terminal].volumeUp += Double(states[terminal].givenUp) * seconds
    }

    // MARK: - Telling

    /// Layer 2 measurements of a cell, TS 36.314.
    private func tellLoad(_ c: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let state = cellStates[c]
        let cell = map.cells[c]
        let blocks = Float(map.carriers[Int(cell.carrier)].carrier.resourceBlocks)
        func percent(_ used: Float) -> UInt32 { UInt32(max(0, min(100, (used * 100).rounded()))) }
        var fact = CellLoadFact(cell: cell.index)
        let guaranteedDown = state.needGBRDown * state.shareGBRDown / blocks
        let guaranteedUp = state.needGBRUp * state.shareGBRUp / blocks
        fact.prbUsage = Layer2Values(
            downlinkGBR: percent(guaranteedDown),
            uplinkGBR: percent(guaranteedUp),
            downlinkNonGBR: percent(state.load - guaranteedDown),
            uplinkNonGBR: percent(state.uplinkLoad - guaranteedUp)
        )
        fact.totalDownlinkPrbUsage = percent(state.load)
        fact.totalUplinkPrbUsage = percent(state.uplinkLoad)
        fact.activeUes = Layer2Values(
            downlinkGBR: UInt32(state.activeGBRDown),
            uplinkGBR: UInt32(state.activeGBRUp),
            downlinkNonGBR: UInt32(state.activeDown),
            uplinkNonGBR: UInt32(state.activeUp)
        )
        // What a guarantee wants and does not get is discarded; other traffic waits instead.
        fact.packetDiscardRate = Layer2Values(
            downlinkGBR: percent(1 - state.shareGBRDown),
            uplinkGBR: percent(1 - state.shareGBRUp)
        )
        batch.append(fact, at: time)
    }

    /// Bit rate, and every few reports the layer 2 measurements of a terminal.
    mutating func tellRates(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let state = states[terminal]
        let fact = BitRateFact(
            terminal: terms[terminal].index,
            downlink: UInt64(state.givenGBRDown + state.givenDown),
            uplink: UInt64(state.givenGBRUp + state.givenUp)
        )
        batch.append(.bitRate(fact), at: time)
        guard !state.isOnWifi, Int(state.reports) % settings.reportsPerLayer2 == 0 else { return }
        let cell = cellStates[Int(state.serving)]
        var load = TerminalLoadFact(
            terminal: terms[terminal].index,
            cell: map.cells[Int(state.serving)].index
        )
        let hasGBR = state.demandGBRDown + state.demandGBRUp > 0
        load.throughput = values(
            hasGBR,
            state.givenGBRDown,
            state.givenGBRUp,
            state.givenDown,
            state.givenUp,
            scale: 1000
        )
        load.dataVolume = Layer2Values(
            downlinkGBR: UInt32(clamping: Int64(state.volumeGBRDown / 1000)),
            uplinkGBR: UInt32(clamping: Int64(state.volumeGBRUp / 1000)),
            downlinkNonGBR: UInt32(clamping: Int64(state.volumeDown / 1000)),
            uplinkNonGBR: UInt32(clamping: Int64(state.volumeUp / 1000))
        )
        let (down, up) = (Self.delay(load: cell.load), Self.delay(load: cell.uplinkLoad))
        load.delay = Layer2Values(
            downlinkGBR: hasGBR ? down : nil,
            uplinkGBR: hasGBR ? up : nil,
            downlinkNonGBR: down,
            uplinkNonGBR: up
        )
        if hasGBR {
            load.packetDiscardRate = Layer2Values(
                downlinkGBR: UInt32(((1 - cell.shareGBRDown) * 100).rounded()),
                uplinkGBR: UInt32(((1 - cell.shareGBRUp) * 100).rounded())
            )
        }
        batch.append(load, at: time)
    }

    private func values(_ hasGBR: Bool, _ a: Float, _ b: Float, _ c: Float, _ d: Float, scale: Float)
        -> Layer2Values
    {
        Layer2Values(
            downlinkGBR: hasGBR ? UInt32(a / scale) : nil,
            uplinkGBR: hasGBR ? UInt32(b / scale) : nil,
            downlinkNonGBR: UInt32(c / scale),
            uplinkNonGBR: UInt32(d / scale)
        )
    }

    /// Milliseconds through an M/D/1 queue in front of a cell (Pollaczek and Khinchine): 5 ms of
    /// scheduling and HARQ, and a wait of ρ/(2(1-ρ)) transmissions of 10 ms, at most 300 ms.
    static func delay(load: Float) -> UInt32 {
        let wait = load < 0.999 ? 10 * load / (2 * (1 - load)) : 300
        return UInt32(min(300, 5 + wait).rounded())
    }
}

import MECModel

/// Reports: what a terminal tells the network of what it hears.
extension ScenarioSimulation {
    mutating func report(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        tellPosition(terminal, at: time, into: &batch)
        watchLink(terminal, at: time, into: &batch)
        states[terminal].reports &+= 1
        guard states[terminal].serving >= 0 else { return }
        tellRates(terminal, at: time, into: &batch)
        guard !states[terminal].isOnWifi, states[terminal].slot >= 0 else { return }
        adaptGuarantees(terminal, at: time, into: &batch)
        aggregateCarriers(terminal, at: time, into: &batch)
        if states[terminal].phase != .executing {
            reportMeasurement(terminal, trigger: ReportTrigger.periodical, at: time, into: &batch)
        }
        tellTimingAdvance(terminal, at: time, into: &batch)
    }

    /// Where the terminal is, when it has moved, and now and then when it has not.
    private mutating func tellPosition(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let (x, y) = (states[terminal].x, states[terminal].y)
        let silence = states[terminal].toldStep == .min ? Int64.max : step - states[terminal].toldStep
        let stands = x == states[terminal].toldX && y == states[terminal].toldY
        if stands, silence < 30 * stepsPerReport { return }
        states[terminal].toldX = x
        states[terminal].toldY = y
        states[terminal].toldStep = step
        let speed = states[terminal].speed
        var heading: Float?
        if speed > 0 {
            let degrees =
                FastMath.atan2(states[terminal].directionX, states[terminal].directionY) * (180 / .pi)
            heading = degrees < 0 ? degrees + 360 : degrees
        }
        let fact = PositionFact(
            terminal: terms[terminal].index,
            point: map.plane.place(PlanePoint(x: Double(x), y: Double(y))),
            speed: speed,
            heading: heading
        )
        batch.append(.position(fact), at: time)
    }

    /// N_TA changes with the distance; the network tells the terminal, TS 36.213 4.2.3.
    private mutating func tellTimingAdvance(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch)
    {
        let cell = map.cells[Int(states[terminal].serving)]
        let site = map.sites[Int(cell.site)]
        let dx = Double(states[terminal].x - site.x)
        let dy = Double(states[terminal].y - site.y)
        let dz = Double(site.height - terms[terminal].radio.height.metres)
        let distance = (dx * dx + dy * dy + dz * dz).squareRoot()
        let spacing = map.carriers[Int(cell.carrier)].carrier.subcarrierSpacingKHz
        let command =
            cell.access == .nr
            ? TimingAdvance.command(distance: distance, subcarrierSpacingKHz: spacing)
            : TimingAdvance.command(distance: distance)
        guard command != states[terminal].timingAdvance else { return }
        states[terminal].timingAdvance = command
        let fact = TimingAdvanceFact(
            terminal: terms[terminal].index,
            cell: cell.index,
            timingAdvance: TimingAdvance.ticks(command: command, subcarrierSpacingKHz: spacing)
        )
        batch.append(.timingAdvance(fact), at: time)
    }

    // MARK: - Measurement report

    /// A measurement report of the serving cell, its secondaries and the strongest neighbours.
    mutating func reportMeasurement(
        _ terminal: Int,
        trigger: UInt8,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        let slot = Int(states[terminal].slot)
        sumPowers(terminal)
        sortNeighbours(terminal, trigger: trigger)
        let cell = map.cells[Int(states[terminal].serving)]
        let fact = MeasurementFact(
            terminal: terms[terminal].index,
            servingCell: cell.index,
            level: signal(terminal, slot: slot),
            trigger: trigger
        )
        let base = terminal * stride
        scratch.neighbours.removeAll(keepingCapacity: true)
        for k in scratch.order {
            let neighbour = map.cells[Int(candidateCell[base + Int(k)])].index
            scratch.neighbours.append(
                NeighbourMeasurement(cell: neighbour, level: signal(terminal, slot: Int(k)))
            )
        }
        batch.append(fact, neighbours: scratch.neighbours, carriers: carrierMeasurements(terminal), at: time)
    }

    /// Adds up what a terminal hears on each carrier, from the filtered levels.
    mutating func sumPowers(_ terminal: Int) {
        let base = terminal * stride
        for c in map.carriers.indices {
            scratch.full[c] = .zero
            scratch.loaded[c] = .zero
            scratch.wideband[c] = 12 * map.carriers[c].noise
        }
        for k in 0..<Int(states[terminal].candidates) {
            let number = Int(candidateCell[base + k])
            let cell = map.cells[number]
            let power = FastMath.ratio(decibels: candidateFiltered[base + k])
            let load = cellStates[number].load
            let c = Int(cell.carrier)
            scratch.power[k] = power
            scratch.full[c][Int(cell.residue)] += power
            scratch.loaded[c][Int(cell.residue)] += power * max(load, Self.idleActivity)
            scratch.wideband[c] += power * blockActivity(cell.access, load)
        }
    }

    /// What an empty cell still sends: reference signals and broadcast, about a twentieth of the elements.
    static let idleActivity: Float = 0.05

    /// Resource elements' worth of power of one resource block that RSSI hears.
    ///
    /// E-UTRA: RSSI is taken in symbols with reference signals of port 0 (TS 36.214 5.1.3): two of them
    /// always, ten with data. NR: over the slots of the SSB (TS 38.215 5.1.3), of whose fourteen
    /// symbols four carry it.
    @inline(__always)
    private func blockActivity(_ access: RadioAccess, _ load: Float) -> Float {
        access == .nr ? 12 * (4.0 / 14 + 10.0 / 14 * load) : 2 + 10 * load
    }

    /// RSRP, RSRQ and SINR of a candidate, as it would be reported. Needs the sums.
    private func signal(_ terminal: Int, slot: Int) -> SignalLevel {
        let base = terminal * stride
        let cell = map.cells[Int(candidateCell[base + slot])]
        return SignalLevel(
            rsrp: Double(candidateFiltered[base + slot]),
            rsrq: Double(FastMath.decibels(scratch.power[slot] / scratch.wideband[Int(cell.carrier)])),
            sinr: Double(FastMath.decibels(referenceSinr(slot, cell))),
            access: cell.access
        )
    }

    /// Power over interference and noise of a candidate's reference signals, as a ratio. Needs the sums.
    @inline(__always)
    private func referenceSinr(_ slot: Int, _ cell: RadioMap.Cell) -> Float {
        let c = Int(cell.carrier)
        let power = scratch.power[slot]
        let noise = map.carriers[c].noise
        let interference: Float
        if cell.access == .nr {
            // SSBs of a synchronised network coincide: every cell is heard in full.
            interference = scratch.full[c].sum() - power
        } else {
            // Reference signals meet those of cells with the same PCI modulo 3, and the others' data.
            let residue = Int(cell.residue)
            interference =
                scratch.full[c][residue] - power + scratch.loaded[c].sum() - scratch.loaded[c][residue]
        }
        return power / max(interference + noise, noise)
    }

    /// The strongest neighbours that can be detected into ``ReportScratch/order``.
    ///
    /// Of the serving cell's access up to `reportCellsMax`; with E-UTRA serving, up to two of NR behind
    /// them; with NR serving, E-UTRA only when event B2 asks for it (MEC 012 6.4.11: not both).
    private mutating func sortNeighbours(_ terminal: Int, trigger: UInt8) {
        let access = map.cells[Int(states[terminal].serving)].access
        scratch.order.removeAll(keepingCapacity: true)
        let wanted: RadioAccess = trigger == ReportTrigger.eventB2 ? .eutra : access
        pick(terminal, wanted, atMost: mobility.reportCellsMax)
        if access == .eutra { pick(terminal, .nr, atMost: 2) }
    }

    /// Ês/Iot of -6 dB, below which a cell need not be found, TS 36.133 8.1.2.2.1 and TS 38.133 9.2.5.
    private static let detectable: Float = 0.25119

    private mutating func pick(_ terminal: Int, _ access: RadioAccess, atMost most: Int) {
        let base = terminal * stride
        let first = scratch.order.count
        for k in 0..<Int(states[terminal].candidates) {
            let cell = candidateCell[base + k]
            guard map.cells[Int(cell)].access == access, cell != states[terminal].serving else { continue }
            let level = candidateFiltered[base + k]
            guard level > mobility.minimumLevel, referenceSinr(k, map.cells[Int(cell)]) > Self.detectable
            else { continue }
            var place = scratch.order.count
            while place > first, candidateFiltered[base + Int(scratch.order[place - 1])] < level {
                place -= 1
            }
            if place - first >= most { continue }
            scratch.order.insert(Int32(k), at: place)
            if scratch.order.count - first > most { scratch.order.removeLast() }
        }
    }

    /// The secondary cells and the best neighbour on each one's carrier. Needs the sums.
    func carrierMeasurements(_ terminal: Int) -> [CarrierMeasurement] {
        guard states[terminal].secondaries[0] >= 0 else { return [] }
        let base = terminal * stride
        var list: [CarrierMeasurement] = []
        for place in 0..<4 where states[terminal].secondaries[place] >= 0 {
            let number = states[terminal].secondaries[place]
            let slot = slot(of: number, terminal)
            guard slot >= 0 else { continue }
            let carrier = map.cells[Int(number)].carrier
            var best = -1
            for k in 0..<Int(states[terminal].candidates) {
                let other = candidateCell[base + k]
                guard other != number, map.cells[Int(other)].carrier == carrier else { continue }
                if best < 0 || candidateFiltered[base + k] > candidateFiltered[base + best] { best = k }
            }
            var measurement = CarrierMeasurement(
                servingCell: map.cells[Int(number)].index,
                servingLevel: signal(terminal, slot: Int(slot))
            )
            if best >= 0 {
                measurement.neighbourCell = map.cells[Int(candidateCell[base + best])].index
                measurement.neighbourLevel = signal(terminal, slot: best)
            }
            list.append(measurement)
        }
        return list
    }

    // MARK: - Link quality

    /// SINR of data sent by a candidate, in decibels: neighbours are heard as far as they are loaded.
    func dataSinr(_ terminal: Int, slot: Int) -> Float {
        let base = terminal * stride
        let own = map.cells[Int(candidateCell[base + slot])]
        var interference = map.carriers[Int(own.carrier)].noise
        for k in 0..<Int(states[terminal].candidates) where k != slot {
            let number = Int(candidateCell[base + k])
            guard map.cells[number].carrier == own.carrier else { continue }
            interference +=
                FastMath.ratio(decibels: candidateFiltered[base + k])
                * max(cellStates[number].load, Self.idleActivity)
        }
        return candidateFiltered[base + slot] - FastMath.decibels(interference)
    }

    /// The mean uplink load of the other cells on the carrier of a candidate.
    private func neighbourUplinkLoad(_ terminal: Int, slot: Int) -> Float {
        let base = terminal * stride
        let carrier = map.cells[Int(candidateCell[base + slot])].carrier
        var sum: Float = 0
        var count: Float = 0
        for k in 0..<Int(states[terminal].candidates) where k != slot {
            let number = Int(candidateCell[base + k])
            guard map.cells[number].carrier == carrier else { continue }
            sum += cellStates[number].uplinkLoad
            count += 1
        }
        return count > 0 ? sum / count : 0
    }

    /// SINR and efficiencies of the serving link.
    mutating func rateLink(_ terminal: Int, slot: Int) {
        let cell = map.cells[Int(states[terminal].serving)]
        let carrier = map.carriers[Int(cell.carrier)]
        let level = candidateFiltered[terminal * stride + slot]
        let sinr = dataSinr(terminal, slot: slot)
        states[terminal].sinr = sinr
        states[terminal].downlinkEfficiency = ChannelQuality.downlinkEfficiency(sinr: sinr)
        // TS 36.213 5.1.1.1 with alpha = 1: 13 dB over noise is asked for (P0 = -103 dBm in a block of
        // 180 kHz), and 23 dBm (TS 36.101 6.2.2) over the blocks in use is what there is.
        let loss = cell.elementPower - level
        let power = min(
            carrier.uplinkNoisePerBlock + 13,
            23 - FastMath.decibels(max(1, states[terminal].uplinkBlocks)) - loss
        )
        // Neighbours whose uplink is full raise the interference to 6 dB over noise; the own cell's
        // terminals are orthogonal.
        let rise = 6 * neighbourUplinkLoad(terminal, slot: slot)
        states[terminal].uplinkEfficiency = ChannelQuality.uplinkEfficiency(
            sinr: power - carrier.uplinkNoisePerBlock - rise
        )
    }
}

import MECModel

/// Carrier aggregation: secondary cells of the primary's site, while there is traffic for them.
extension ScenarioSimulation {
    /// Adds and removes secondary cells, once per report. E-UTRA only, as MEC 012 6.4.8 tells it.
    mutating func aggregateCarriers(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let primary = map.cells[Int(states[terminal].serving)]
        guard primary.access == .eutra, mobility.secondaryCellsMax > 0, states[terminal].phase != .executing
        else { return }
        // Eight seconds without downlink traffic take the secondary cells away.
        let isBusy = states[terminal].demandDown >= 1_000_000
        states[terminal].idleReports = isBusy ? 0 : min(states[terminal].idleReports + 1, 1_000)
        let old = states[terminal].secondaries
        var kept = SIMD4<Int32>(repeating: -1)
        var count = 0
        let base = terminal * stride
        if states[terminal].idleReports < 8 {
            for place in 0..<4 where old[place] >= 0 {
                let slot = Int(slot(of: old[place], terminal))
                guard slot >= 0, candidateFiltered[base + slot] > mobility.secondaryCellRemoveLevel else {
                    continue
                }
                kept[count] = old[place]
                count += 1
            }
        }
        if isBusy {
            for k in 0..<Int(states[terminal].candidates) where count < min(4, mobility.secondaryCellsMax) {
                let number = candidateCell[base + k]
                let cell = map.cells[Int(number)]
                guard cell.site == primary.site, cell.access == .eutra, cell.carrier != primary.carrier,
                    candidateFiltered[base + k] > mobility.secondaryCellAddLevel,
                    !hasCarrier(kept, cell.carrier), isSameSector(cell, primary)
                else { continue }
                kept[count] = number
                count += 1
            }
        }
        change(terminal, from: old, to: kept, at: time, into: &batch)
    }

    /// Takes all secondary cells away, as at a change of the primary.
    mutating func dropSecondaries(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        change(
            terminal,
            from: states[terminal].secondaries,
            to: SIMD4(repeating: -1),
            at: time,
            into: &batch
        )
    }

    private mutating func change(
        _ terminal: Int,
        from old: SIMD4<Int32>,
        to new: SIMD4<Int32>,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        guard old != new else { return }
        let added = indices(new, notIn: old)
        let removed = indices(old, notIn: new)
        states[terminal].secondaries = new
        guard !added.isEmpty || !removed.isEmpty else { return }
        sumPowers(terminal)
        batch.append(
            CarrierAggregationFact(
                terminal: terms[terminal].index,
                cell: map.cells[Int(states[terminal].serving)].index
            ),
            added: added,
            removed: removed,
            carriers: carrierMeasurements(terminal),
            at: time
        )
    }

    private func indices(_ cells: SIMD4<Int32>, notIn others: SIMD4<Int32>) -> [CellIndex] {
        (0..<4).compactMap { place in
            let cell = cells[place]
            guard cell >= 0, !(0..<4).contains(where: { others[$0] == cell }) else { return nil }
            return map.cells[Int(cell)].index
        }
    }

    private func hasCarrier(_ cells: SIMD4<Int32>, _ carrier: Int32) -> Bool {
        (0..<4).contains { cells[$0] >= 0 && map.cells[Int(cells[$0])].carrier == carrier }
    }

    /// Antennas that look the same way: aggregated carriers come from one panel.
    private func isSameSector(_ a: RadioMap.Cell, _ b: RadioMap.Cell) -> Bool {
        guard let x = a.antenna.azimuth, let y = b.antenna.azimuth else {
            return a.antenna.azimuth == b.antenna.azimuth
        }
        let turn = abs(x - y).truncatingRemainder(dividingBy: 360)
        return min(turn, 360 - turn) < 30
    }
}

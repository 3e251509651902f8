package import MECModel

/// Facts that make the radio network service say everything it can say, with every field it has.
package enum RniShow {
    /// A filter of each kind, with every criterion it has.
    package static let filters: [RniFilter] = RniEvent.allCases.map { event in
        var filter = RniFilter(event)
        let access: RadioAccess = event == .nrMeasRepUe ? .nr : .eutra
        filter.cells = Set(
            ["20801", "00101"].compactMap { Plmn($0) }.compactMap {
                access == .nr ? CellIdentity.ncgi($0, nrCellId: 7) : CellIdentity.ecgi($0, cellId: 7)
            }
        )
        switch event {
        case .cellChange: filter.hoStatus = [.completed, .rejected]
        case .rabEst: filter.qci = 9
        case .rabMod, .rabRel:
            filter.qci = 9
            filter.erabIds = [5]
        case .measRepUe, .nrMeasRepUe: filter.triggers = [10, 12]
        case .s1Bearer:
            filter.s1Events = [.established, .released]
            filter.erabIds = [5, 6]
        case .measTa, .caReconf: break
        }
        if ![.rabEst, .rabMod, .rabRel].contains(event) {
            filter.associateIds = [AssociateId(type: .ueIPv4Address, value: "10.0.0.1")]
        }
        return filter
    }

    package static func batch() throws -> RadioBatch {
        var site = try Site()
        let time = site.time
        let lte = site.terminal(1, in: Site.lte0)
        let nr = site.terminal(2, in: Site.nr2)
        let level = SignalLevel(rsrp: -90, rsrq: -9, sinr: 12, access: .eutra)
        let nrLevel = SignalLevel(rsrp: -85, rsrq: -10, sinr: 15, access: .nr)
        let carriers = [
            CarrierMeasurement(
                servingCell: Site.lte1,
                servingLevel: level,
                neighbourCell: Site.lte0,
                neighbourLevel: level
            ),
            CarrierMeasurement(
                servingCell: Site.nr2,
                servingLevel: nrLevel,
                neighbourCell: Site.nr3,
                neighbourLevel: nrLevel
            ),
        ]
        if let point = GeoPoint(latitude: 43.7384, longitude: 7.4246) {
            site.batch.append(.position(PositionFact(terminal: lte, point: point, altitude: 62.4)), at: time)
        }
        site.batch.append(
            MeasurementFact(terminal: lte, servingCell: Site.lte0, level: level, trigger: 12),
            neighbours: [
                NeighbourMeasurement(cell: Site.lte1, level: level),
                NeighbourMeasurement(cell: Site.nr3, level: nrLevel),
            ],
            carriers: carriers,
            at: time
        )
        site.batch.append(
            MeasurementFact(terminal: nr, servingCell: Site.nr2, level: nrLevel, trigger: 12),
            neighbours: [NeighbourMeasurement(cell: Site.nr3, level: nrLevel)],
            carriers: carriers,
            at: time
        )
        site.batch.append(
            MeasurementFact(terminal: nr, servingCell: Site.nr2, level: nrLevel),
            neighbours: [NeighbourMeasurement(cell: Site.lte1, level: level)],
            at: time
        )
        site.batch.append(
            .timingAdvance(TimingAdvanceFact(terminal: lte, cell: Site.lte0, timingAdvance: 64)),
            at: time
        )
        site.batch.append(
            CarrierAggregationFact(terminal: lte, cell: Site.lte0),
            added: [Site.lte1],
            removed: [],
            carriers: carriers,
            at: time
        )
        site.batch.append(
            CarrierAggregationFact(terminal: lte, cell: Site.lte0),
            added: [],
            removed: [Site.lte1],
            at: time
        )
        let rates = BearerRates(
            erabMbrDl: 4_000_000,
            erabMbrUl: 2_000_000,
            erabGbrDl: 1_000_000,
            erabGbrUl: 500_000
        )
        let bearer = BearerFact(terminal: lte, cell: Site.lte0, erabId: 5, qci: 1, qosInformation: rates)
        for step in [BearerStep.established, .modified, .released, .established] {
            site.batch.append(step, bearer, at: time)
        }
        let s1Bearer = S1BearerFact(
            terminal: lte,
            cell: Site.lte0,
            erabId: 5,
            enb: TunnelEndpoint(address: IPAddress(ipv4: 0x0A00_0001), teid: 0xBEEF),
            sgw: TunnelEndpoint(address: IPAddress(ipv4: 0x0A00_0002), teid: 0xCAFE)
        )
        for step in [BearerStep.established, .modified, .released, .established] {
            site.batch.append(step, s1Bearer, at: time)
        }
        var load = CellLoadFact(cell: Site.lte0)
        let all = Layer2Values(downlinkGBR: 1, uplinkGBR: 2, downlinkNonGBR: 3, uplinkNonGBR: 4)
        load.prbUsage = all
        load.totalDownlinkPrbUsage = 30
        load.totalUplinkPrbUsage = 20
        load.dedicatedPreambles = 1
        load.randomPreamblesLowRange = 2
        load.randomPreamblesHighRange = 3
        load.activeUes = all
        load.packetDiscardRate = all
        site.batch.append(load, at: time)
        var terminalLoad = TerminalLoadFact(terminal: lte, cell: Site.lte0)
        terminalLoad.delay = all
        terminalLoad.packetDiscardRate = all
        terminalLoad.throughput = all
        terminalLoad.dataVolume = all
        site.batch.append(terminalLoad, at: time)
        for status in HandoverStatus.allCases where status != .completed {
            site.batch.append(
                HandoverFact(terminal: lte, source: Site.lte0, target: Site.lte1, status: status),
                otherTargets: [Site.lte0],
                at: time
            )
        }
        site.batch.append(
            HandoverFact(terminal: nr, source: Site.nr2, target: Site.nr3, status: .completed),
            at: time
        )
        // Last, so that the state has a terminal in an E-UTRA cell with bearers.
        site.batch.append(
            HandoverFact(terminal: lte, source: Site.lte0, target: Site.lte1, status: .completed),
            at: time
        )
        return site.take()
    }
}

import MECModel

/// Traffic: services turn on and off, and bearers come and go with them.
///
/// E-RAB 5 is the default bearer (QCI 9) of whoever is attached; a service with a guarantee gets one of
/// its own, 6 and up, while it is on (TS 24.301, TS 23.401 5.4.1). For NR the same facts stand for QoS
/// flows with their 5QI.
extension ScenarioSimulation {
    static let defaultBearer: UInt8 = 5

    /// Draws each service's first state, as if it had gone on for ever.
    mutating func startServices(_ terminal: Int) {
        for s in terms[terminal].services {
            let service = services[s].service
            let share =
                service.burstSeconds.isFinite
                ? service.burstSeconds / (service.burstSeconds + service.pauseSeconds) : 1
            services[s].isOn = randoms[terminal].uniform() < share
            services[s].next = nextTurn(terminal, service, isOn: services[s].isOn)
        }
        refreshTraffic(terminal)
    }

    /// Turns the services whose time has come.
    mutating func turnServices(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        for s in terms[terminal].services where services[s].next <= step {
            services[s].isOn.toggle()
            services[s].next = nextTurn(terminal, services[s].service, isOn: services[s].isOn)
            guard states[terminal].hasBearers, services[s].service.isGBR else { continue }
            if services[s].isOn {
                services[s].rung = 0
                establish(terminal, service: s, at: time, into: &batch)
            } else {
                release(terminal, service: s, at: time, into: &batch)
            }
        }
        refreshTraffic(terminal)
    }

    private mutating func nextTurn(_ terminal: Int, _ service: TrafficService, isOn: Bool) -> Int64 {
        let mean = isOn ? service.burstSeconds : service.pauseSeconds
        guard mean.isFinite, service.burstSeconds.isFinite else { return .max }
        let seconds = randoms[terminal].exponential(mean: mean)
        return step + max(1, Int64(min(seconds, 1e6) * 1000 / Double(settings.stepMilliseconds)))
    }

    /// Sums up what the services that are on ask for.
    private mutating func refreshTraffic(_ terminal: Int) {
        var next = Int64.max
        var sums = SIMD4<Float>.zero
        for s in terms[terminal].services {
            next = min(next, services[s].next)
            guard services[s].isOn else { continue }
            let rates = services[s].service.rates
            let rate = rates[min(services[s].rung, rates.count - 1)]
            if services[s].service.isGBR {
                sums[0] += rate.downlink
                sums[1] += rate.uplink
            } else {
                sums[2] += rate.downlink
                sums[3] += rate.uplink
            }
        }
        states[terminal].nextTraffic = next
        states[terminal].demandGBRDown = sums[0]
        states[terminal].demandGBRUp = sums[1]
        states[terminal].demandDown = sums[2]
        states[terminal].demandUp = sums[3]
    }

    // MARK: - Bearers

    mutating func establishBearers(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        states[terminal].hasBearers = true
        let cell = states[terminal].serving
        tell(
            .established,
            terminal,
            cell: cell,
            erabId: Self.defaultBearer,
            qci: 9,
            rates: nil,
            at: time,
            into: &batch
        )
        for s in terms[terminal].services where services[s].isOn && services[s].service.isGBR {
            services[s].rung = 0
            establish(terminal, service: s, at: time, into: &batch)
        }
        refreshTraffic(terminal)
    }

    mutating func releaseBearers(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        guard states[terminal].hasBearers else { return }
        for s in terms[terminal].services { release(terminal, service: s, at: time, into: &batch) }
        let cell = states[terminal].serving
        tell(
            .released,
            terminal,
            cell: cell,
            erabId: Self.defaultBearer,
            qci: 9,
            rates: nil,
            at: time,
            into: &batch
        )
        states[terminal].hasBearers = false
    }

    /// After a change of cell: within E-UTRA the E-RABs stay and, when the site changes, their tunnels are
    /// switched (TS 23.401 5.5.1.1); between E-UTRA and NR they end there and begin here.
    mutating func moveBearers(
        _ terminal: Int,
        from source: Int32,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        guard states[terminal].hasBearers else { return }
        let target = states[terminal].serving
        let (old, new) = (map.cells[Int(source)], map.cells[Int(target)])
        if old.access == new.access {
            guard new.access == .eutra, old.site != new.site else { return }
            for erabId in bearers(terminal) {
                tellTunnel(.modified, terminal, cell: target, erabId: erabId, at: time, into: &batch)
            }
            return
        }
        let open = bearers(terminal).map { erabId in (erabId, service(terminal, erabId: erabId)) }
        for (erabId, service) in open {
            tell(
                .released,
                terminal,
                cell: source,
                erabId: erabId,
                qci: service?.service.qci ?? 9,
                rates: nil,
                at: time,
                into: &batch
            )
        }
        for (erabId, service) in open {
            tell(
                .established,
                terminal,
                cell: target,
                erabId: erabId,
                qci: service?.service.qci ?? 9,
                rates: service.map { guarantee($0) },
                at: time,
                into: &batch
            )
        }
    }

    private func bearers(_ terminal: Int) -> [UInt8] {
        [Self.defaultBearer]
            + terms[terminal].services.compactMap { services[$0].erabId > 0 ? services[$0].erabId : nil }
    }

    private func service(_ terminal: Int, erabId: UInt8) -> ServiceState? {
        terms[terminal].services.first { services[$0].erabId == erabId }.map { services[$0] }
    }

    private mutating func establish(
        _ terminal: Int,
        service s: Int,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        guard services[s].erabId == 0 else { return }
        let place = s - terms[terminal].services.lowerBound
        services[s].erabId = Self.defaultBearer + 1 + UInt8(place)
        tell(
            .established,
            terminal,
            cell: states[terminal].serving,
            erabId: services[s].erabId,
            qci: services[s].service.qci,
            rates: guarantee(services[s]),
            at: time,
            into: &batch
        )
    }

    private mutating func release(
        _ terminal: Int,
        service s: Int,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        guard services[s].erabId > 0 else { return }
        tell(
            .released,
            terminal,
            cell: states[terminal].serving,
            erabId: services[s].erabId,
            qci: services[s].service.qci,
            rates: nil,
            at: time,
            into: &batch
        )
        services[s].erabId = 0
    }

    private func guarantee(_ service: ServiceState) -> BearerRates {
        let rate = service.service.rates[min(service.rung, service.service.rates.count - 1)]
        return BearerRates(
            erabMbrDl: UInt64(rate.downlink),
            erabMbrUl: UInt64(rate.uplink),
            erabGbrDl: UInt64(rate.downlink),
            erabGbrUl: UInt64(rate.uplink)
        )
    }

    /// Steps a guarantee down when the cell cannot keep it, and up after ten good reports.
    mutating func adaptGuarantees(_ terminal: Int, at time: RadioTime, into batch: inout RadioBatch) {
        let wanted = states[terminal].demandGBRDown + states[terminal].demandGBRUp
        guard wanted > 0 else { return }
        let cell = cellStates[Int(states[terminal].serving)]
        let isKept =
            cell.shareGBRDown >= 0.99 && cell.shareGBRUp >= 0.99
            && states[terminal].downlinkEfficiency > 0 && states[terminal].uplinkEfficiency > 0
        states[terminal].goodReports = isKept ? states[terminal].goodReports + 1 : 0
        let direction = isKept ? (states[terminal].goodReports >= 10 ? -1 : 0) : 1
        guard direction != 0 else { return }
        for s in terms[terminal].services where services[s].erabId > 0 {
            let rung = services[s].rung + direction
            guard services[s].service.rates.indices.contains(rung) else { continue }
            services[s].rung = rung
            states[terminal].goodReports = 0
            tell(
                .modified,
                terminal,
                cell: states[terminal].serving,
                erabId: services[s].erabId,
                qci: services[s].service.qci,
                rates: guarantee(services[s]),
                at: time,
                into: &batch
            )
            refreshTraffic(terminal)
            return
        }
    }

    // MARK: - Telling

    private func tell(
        _ step: BearerStep,
        _ terminal: Int,
        cell: Int32,
        erabId: UInt8,
        qci: UInt8,
        rates: BearerRates?,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        let bearer = BearerFact(
            terminal: terms[terminal].index,
            cell: map.cells[Int(cell)].index,
            erabId: erabId,
            qci: qci,
            qosInformation: rates
        )
        batch.append(step, bearer, at: time)
        if step != .modified {
            tellTunnel(step, terminal, cell: cell, erabId: erabId, at: time, into: &batch)
        }
    }

    /// The S1-U tunnel of a bearer: the eNodeB is its site, 10.200.0.0/13 by number; the S-GW 10.208.0.1.
    private func tellTunnel(
        _ step: BearerStep,
        _ terminal: Int,
        cell: Int32,
        erabId: UInt8,
        at time: RadioTime,
        into batch: inout RadioBatch
    ) {
        let cell = map.cells[Int(cell)]
        guard cell.access == .eutra else { return }
        let key = terms[terminal].radio.key
        let site = UInt64(UInt32(bitPattern: cell.site))
        let enb = SeededRandom.mix(key ^ site << 8 ^ UInt64(erabId))
        let sgw = SeededRandom.mix(key ^ 0x5347_5700 ^ UInt64(erabId))
        let fact = S1BearerFact(
            terminal: terms[terminal].index,
            cell: cell.index,
            erabId: erabId,
            enb: TunnelEndpoint(
                address: IPAddress(ipv4: 0x0AC8_0001 &+ UInt32(bitPattern: cell.site)),
                teid: UInt32(truncatingIfNeeded: enb)
            ),
            sgw: TunnelEndpoint(address: IPAddress(ipv4: 0x0AD0_0001), teid: UInt32(truncatingIfNeeded: sgw))
        )
        batch.append(step, fact, at: time)
    }
}

import MECModel

/// Moving and measuring: where a terminal is, what it hears, filtered as TS 36.331 5.5.3.2 asks.
extension ScenarioSimulation {
    @inline(__always)
    mutating func move(_ terminal: Int) {
        let isFirst = states[terminal].tile == .min
        guard terms[terminal].path.isMoving || isFirst else { return }
        let steps = Double(step) + Double(part) / Double(parts)
        let seconds = steps * Double(settings.stepMilliseconds) / 1000 + terms[terminal].start
        let moment = terms[terminal].path.moment(at: seconds, cursor: &states[terminal].cursor)
        states[terminal].x = Float(moment.point.x)
        states[terminal].y = Float(moment.point.y)
        states[terminal].speed = Float(moment.speed)
        states[terminal].directionX = Float(moment.directionX)
        states[terminal].directionY = Float(moment.directionY)
        let dx = states[terminal].x - states[terminal].geometryX
        let dy = states[terminal].y - states[terminal].geometryY
        let reach = settings.geometryStepMetres
        guard !(dx * dx + dy * dy < reach * reach) else { return }
        let tile = CandidateMap.tile(x: states[terminal].x, y: states[terminal].y)
        if tile != states[terminal].tile {
            states[terminal].tile = tile
            chooseCandidates(terminal)
        }
        states[terminal].geometryX = states[terminal].x
        states[terminal].geometryY = states[terminal].y
        levels(terminal)
        if isFirst { settle(terminal) }
    }

    /// Fills the terminal's row with the cells of its tile; what it knew of a cell stays.
    private mutating func chooseCandidates(_ terminal: Int) {
        let list = candidateMap.list(
            x: states[terminal].x,
            y: states[terminal].y,
            capabilities: terms[terminal].capabilities,
            isAerial: terms[terminal].radio.height.isAerial,
            map: map
        )
        guard list != states[terminal].list else { return }
        states[terminal].list = list
        let base = terminal * stride
        let known = Int(states[terminal].candidates)
        let oldCells = Array(candidateCell[base..<base + known])
        let oldFiltered = Array(candidateFiltered[base..<base + known])
        let oldEntered = Array(candidateEntered[base..<base + known])
        var count = 0
        let serving = states[terminal].isOnWifi ? -1 : states[terminal].serving
        var cells = candidateMap.lists[Int(list)].cells
        if serving >= 0, !cells.contains(serving) {
            // The cell that serves is looked at until it serves no more.
            let site = map.cells[Int(serving)].site
            let place = cells.firstIndex { map.cells[Int($0)].site >= site } ?? cells.count
            cells.insert(serving, at: place)
        }
        for cell in cells.prefix(stride) {
            candidateCell[base + count] = cell
            if let old = oldCells.firstIndex(of: cell) {
                candidateFiltered[base + count] = oldFiltered[old]
                candidateEntered[base + count] = oldEntered[old]
            } else {
                candidateFiltered[base + count] = .nan
                candidateEntered[base + count] = -1
            }
            count += 1
        }
        states[terminal].candidates = Int32(count)
        states[terminal].slot = slot(of: serving, terminal)
    }

    /// The place of a cell in the terminal's row; -1 when it is not there.
    func slot(of cell: Int32, _ terminal: Int) -> Int32 {
        guard cell >= 0 else { return -1 }
        let base = terminal * stride
        for k in 0..<Int(states[terminal].candidates) where candidateCell[base + k] == cell {
            return Int32(k)
        }
        return -1
    }

    /// Works out the mean level of every candidate where the terminal stands.
    private mutating func levels(_ terminal: Int) {
        let base = terminal * stride
        let terms = terms[terminal].radio
        let (x, y) = (states[terminal].x, states[terminal].y)
        var lastSite: Int32 = -1
        var link = SiteLink()
        for k in 0..<Int(states[terminal].candidates) {
            let cell = map.cells[Int(candidateCell[base + k])]
            if cell.site != lastSite {
                lastSite = cell.site
                link = SiteLink(map.sites[Int(lastSite)], number: lastSite, terms, x: x, y: y, field, normal)
            }
            candidateLevel[base + k] = link.level(cell, map.carriers[Int(cell.carrier)], terms)
        }
    }

    /// The first measurement is taken as it is.
    private mutating func settle(_ terminal: Int) {
        let base = terminal * stride
        for k in 0..<Int(states[terminal].candidates) {
            candidateFiltered[base + k] = candidateLevel[base + k]
        }
    }

    /// One layer 1 measurement of every candidate, and the layer 3 filter over it.
    @inline(__always)
    mutating func measure(_ terminal: Int) {
        let base = terminal * stride
        let key = SeededRandom.mix(terms[terminal].radio.key &+ UInt64(bitPattern: step))
        let weight = filterWeight
        for k in 0..<Int(states[terminal].candidates) {
            let measured = candidateLevel[base + k] + noise.value(key, cell: candidateCell[base + k])
            let last = candidateFiltered[base + k]
            candidateFiltered[base + k] = last.isNaN ? measured : last + weight * (measured - last)
        }
    }

    /// a = 1/2^(k/4), TS 36.331 5.5.3.2.
    private var filterWeight: Float { FastMath.exp2(-Float(mobility.filterCoefficient) / 4) }

    /// The mean level of an access point in dBm over its channel.
    func accessPointLevel(_ terminal: Int, cell number: Int32) -> Float {
        let cell = map.cells[Int(number)]
        let terms = terms[terminal].radio
        let link = SiteLink(
            map.sites[Int(cell.site)],
            number: cell.site,
            terms,
            x: states[terminal].x,
            y: states[terminal].y,
            field,
            normal
        )
        let carrier = map.carriers[Int(cell.carrier)]
        return link.level(cell, carrier, terms) + FastMath.decibels(carrier.carrier.subcarriers)
    }
}

/// What all cells of one site have in common towards one terminal.
struct SiteLink {
    private var propagation = PropagationModel.urbanMacro
    private var geometry = PathLoss.Geometry(
        distance2D: 10,
        baseHeight: 10,
        terminalHeight: TerminalHeight(metres: 1.5)
    )
    private var isVisible = false
    private var shadow: Float = 0
    private var bearing: Float = 0
    private var depression: Float = 0

    init() {}

    @inline(__always)
    init(
        _ site: RadioMap.Site,
        number: Int32,
        _ terms: RadioTerms,
        x: Float,
        y: Float,
        _ field: CorrelatedField,
        _ normal: NormalDistribution
    ) {
        let dx = x - site.x
        let dy = y - site.y
        let distance = (dx * dx + dy * dy).squareRoot()
        propagation = site.propagation
        var environment: Float = 1
        if terms.height.metres >= 13, !terms.height.isAerial, site.propagation == .urbanMacro {
            let draw = SeededRandom.mix(terms.key ^ UInt64(truncatingIfNeeded: number))
            environment = PathLoss.environmentHeight(
                distance2D: distance,
                terminalHeight: terms.height.metres,
                draw: Float(draw >> 40) * 0x1p-24
            )
        }
        geometry = PathLoss.Geometry(
            distance2D: distance,
            baseHeight: site.height,
            terminalHeight: terms.height,
            environmentHeight: environment
        )
        // TR 38.901 7.6.3.3: the state of sight is decided by a field of its own, so that it changes at
        // corners and not at random.
        let probability = LineOfSight.probability(
            propagation,
            distance2D: geometry.distance2D,
            height: terms.height
        )
        isVisible = normal.share(below: field.value(site.sight, x: x, y: y)) < probability
        let deviation: Float
        if terms.height.isAerial {
            // TR 36.777 Table B-3.
            if isVisible {
                deviation =
                    propagation == .urbanMacro
                    ? terms.height.aerialMacroDeviation : terms.height.aerialMicroDeviation
            } else {
                deviation = propagation == .urbanMacro ? 6 : 8
            }
        } else {
            deviation =
                isVisible ? propagation.shadowDeviationLineOfSight : propagation.shadowDeviationObstructed
        }
        let view = isVisible ? site.shadowLineOfSight : site.shadowObstructed
        shadow = deviation * field.value(view, x: x, y: y)
        bearing = FastMath.atan2(dx, dy) * (180 / .pi)
        depression = FastMath.atan2(site.height - terms.height.metres, geometry.distance2D) * (180 / .pi)
    }

    /// RSRP of one of the site's cells in dBm.
    @inline(__always)
    func level(_ cell: RadioMap.Cell, _ carrier: RadioMap.CarrierTerms, _ terms: RadioTerms) -> Float {
        let loss =
            isVisible
            ? carrier.loss.lineOfSight(propagation, geometry) : carrier.loss.obstructed(propagation, geometry)
        let penetration = terms.penetration.fixed + (terms.penetration.isBehindWall ? carrier.wallLoss : 0)
        return cell.elementPower + cell.antenna.gain(bearing: bearing, depression: depression)
            - loss - shadow - penetration
    }

    /// Metres from antenna to antenna.
    var distance: Float { geometry.distance3D }
}

package import MECModel

/// A radio network that lives by the clock it is given.
///
/// Every step (200 ms) each terminal moves and measures the cells around it, and its handover goes on;
/// every report period (1 s) it reports, and each cell shares its resource blocks out among those who
/// want them. A step of many terminals is taken in parts, each at its own time, so that they neither
/// report nor cost in bursts. Nothing is drawn that the seed does not decide, and nothing depends on how
/// the time is cut into calls of ``advance(to:stepsMax:into:)``.
package struct ScenarioSimulation: Sendable {
    package let settings: SimulationSettings
    package let scenario: Scenario
    package let seed: UInt64
    /// The time of step 0; later when steps were postponed.
    package internal(set) var start: RadioTime

    let mobility: MobilitySettings
    let map: RadioMap
    let zones: [ZoneIndex]
    let terms: [TerminalTerms]
    let field = CorrelatedField.shared
    let normal = NormalDistribution.shared
    let noise: MeasurementNoise
    /// Cells in one row of the candidate table.
    let stride: Int
    let stepsPerReport: Int64
    /// Parts of a step; each moves an equal share of the terminals.
    let parts: Int

    var candidateMap: CandidateMap
    var states: [TerminalState]
    var services: [ServiceState]
    var randoms: [SeededRandom]
    var cellStates: [CellState]
    // The candidate table, one row of `stride` for each terminal.
    var candidateCell: [Int32]
    /// RSRP without measurement noise, dBm.
    var candidateLevel: [Float]
    /// RSRP after layer 3 filtering, dBm.
    var candidateFiltered: [Float]
    /// The step at which an entering condition began to hold; -1 while none does.
    var candidateEntered: [Int64]
    var scratch: ReportScratch
    /// The next step to take, and the part of it that is next, from 0.
    package internal(set) var step: Int64 = 0
    private(set) var part = 0

    /// Prepares a scenario; no time passes.
    ///
    /// - Parameters:
    ///   - start: The time of the first step.
    ///   - inventory: Gives cells, zones and terminals their numbers.
    /// - Throws: ``SimulationError`` for settings out of range or when the inventory is full.
    package init(
        _ scenario: Scenario,
        settings: SimulationSettings = SimulationSettings(),
        start: RadioTime,
        inventory: RadioInventory
    ) throws(SimulationError) {
        if let problem = settings.problem { throw .settings(problem) }
        self.scenario = scenario
        self.settings = settings
        self.start = start
        let seed = settings.seed ?? scenario.seed ?? 1
        self.seed = seed
        mobility = scenario.mobility
        let places = try SimulationIndices(scenario, inventory: inventory)
        zones = places.zones
        let map = RadioMap(scenario, indices: places.cells, seed: seed)
        self.map = map
        noise = MeasurementNoise(deviation: scenario.mobility.measurementDeviation)
        stepsPerReport = max(
            1,
            Int64((settings.reportMilliseconds + settings.stepMilliseconds - 1) / settings.stepMilliseconds)
        )
        candidateMap = CandidateMap(map, settings: settings)
        let layers = Set(map.cells.filter { !$0.isAccessPoint }.map(\.carrier)).count
        stride = max(1, min(settings.candidatesMax, settings.candidatesPerCarrier * layers)) + 1
        cellStates = map.cells.map { cell in
            var state = CellState()
            state.load = cell.backgroundLoad
            state.uplinkLoad = cell.backgroundLoad
            return state
        }
        let count = scenario.terminals.count
        parts = Self.parts(terminals: count, stepMilliseconds: settings.stepMilliseconds)
        states = [TerminalState](repeating: TerminalState(), count: count)
        candidateCell = [Int32](repeating: -1, count: count * stride)
        candidateLevel = [Float](repeating: -200, count: count * stride)
        candidateFiltered = [Float](repeating: -200, count: count * stride)
        candidateEntered = [Int64](repeating: -1, count: count * stride)
        scratch = ReportScratch(carriers: map.carriers.count, stride: stride)
        randoms = (0..<count).map { SeededRandom(seed: seed, 2, UInt64($0)) }
        services = []
        var terms: [TerminalTerms] = []
        terms.reserveCapacity(count)
        for (number, terminal) in scenario.terminals.enumerated() {
            let points = terminal.path.map { map.plane.point($0) }
            guard points.allSatisfy(map.plane.reaches) else { throw .tooFar(terminal.name) }
            let path = TravelPath(
                points: points,
                speed: terminal.speed,
                end: terminal.pathEnd,
                halts: terminal.halts
            )
            let first = services.count
            services += terminal.services.map { ServiceState(service: $0) }
            terms.append(
                TerminalTerms(
                    index: places.terminals[number],
                    path: path,
                    start: terminal.start * path.period,
                    radio: RadioTerms(
                        height: TerminalHeight(metres: terminal.height),
                        penetration: PenetrationLoss(terminal.shelter, random: &randoms[number]),
                        key: SeededRandom.mix(seed ^ SeededRandom.mix(UInt64(number) &+ 0x5EED))
                    ),
                    capabilities: terminal.capabilities,
                    services: first..<services.count
                )
            )
        }
        self.terms = terms
    }

    /// Terminals that are worth a part of a step of their own.
    private static let terminalsPerPart = 128
    private static let partMillisecondsMin = 5

    private static func parts(terminals: Int, stepMilliseconds: Int) -> Int {
        max(
            1,
            min((terminals + terminalsPerPart - 1) / terminalsPerPart, stepMilliseconds / partMillisecondsMin)
        )
    }

    /// When the next part of a step is due.
    package var nextTime: RadioTime { time(of: step, part: part) }

    func time(of step: Int64, part: Int) -> RadioTime {
        let stepNanoseconds = Int64(settings.stepMilliseconds) * 1_000_000
        let (offset, overflow) = step.multipliedReportingOverflow(by: stepNanoseconds)
        return start.advanced(byNanoseconds: overflow ? .max : offset)
            .advanced(byNanoseconds: stepNanoseconds * Int64(part) / Int64(parts))
    }

    /// Does what is due by `now` and appends what happened, in the order of time.
    ///
    /// - Parameter stepsMax: So many steps at the most; the rest is left for the next call.
    package mutating func advance(to now: RadioTime, stepsMax: Int = .max, into batch: inout RadioBatch) {
        let (partsMax, overflow) = stepsMax.multipliedReportingOverflow(by: parts)
        var taken = 0
        while taken < partsMax || overflow, nextTime <= now {
            takePart(into: &batch)
            taken += 1
        }
    }

    private mutating func takePart(into batch: inout RadioBatch) {
        let time = time(of: step, part: part)
        if step == 0, part == 0 { define(at: time, into: &batch) }
        for terminal in states.count * part / parts..<states.count * (part + 1) / parts {
            move(terminal)
            if states[terminal].nextTraffic <= step { turnServices(terminal, at: time, into: &batch) }
            measure(terminal)
            if states[terminal].serving >= 0, !states[terminal].isOnWifi {
                continueHandover(terminal, at: time, into: &batch)
            }
            // Terminals take turns, so that a second's reports do not all fall on one step.
            if (step + Int64(terminal)) % stepsPerReport == 0 || step == 0 {
                report(terminal, at: time, into: &batch)
            }
        }
        part += 1
        guard part == parts else { return }
        if step % stepsPerReport == 0 { shareResources(at: time, into: &batch) }
        part = 0
        step += 1
    }

    /// Tells all that there is, once.
    private mutating func define(at time: RadioTime, into batch: inout RadioBatch) {
        for (number, zone) in scenario.zones.enumerated() {
            batch.append(.zone(ZoneDefinition(zone: zones[number], zoneId: zone.id)), at: time)
        }
        for number in scenario.cells.indices { batch.append(.cell(definition(cell: number)), at: time) }
        for (number, terminal) in scenario.terminals.enumerated() {
            var random = SeededRandom(seed: seed, 3, UInt64(number))
            let bits = random.next()
            let definition = TerminalDefinition(
                terminal: terms[number].index,
                name: terminal.name,
                associateIds: terminal.addresses.map { AssociateId($0) },
                tempUeId: TemporaryUeId(
                    mmec: UInt8(truncatingIfNeeded: bits >> 32),
                    mtmsi: UInt32(truncatingIfNeeded: bits)
                )
            )
            batch.append(.terminal(definition), at: time)
            startServices(number)
        }
    }

    private func definition(cell number: Int) -> CellDefinition {
        let cell = scenario.cells[number]
        var definition = CellDefinition(
            cell: map.cells[number].index,
            identity: cell.identity,
            zone: cell.zone.map { zones[$0] }
        )
        definition.name = cell.name
        definition.position = scenario.sites[cell.site].position
        definition.radius = cell.radius
        definition.physicalCellId = cell.physicalCellId
        definition.arfcn = cell.arfcn
        definition.operationStatus = .serviceable
        let terms = map.carriers[Int(map.cells[number].carrier)]
        if cell.identity.access != .wifi {
            let blocks = Float(cell.carrier.resourceBlocks)
            let efficiency = ChannelQuality.mcsEfficiency[28]
            definition.downlinkCapacity = UInt64(blocks * terms.downlinkElements * efficiency)
            definition.uplinkCapacity = UInt64(blocks * terms.uplinkElements * efficiency)
        }
        return definition
    }
}

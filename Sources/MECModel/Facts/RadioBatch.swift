/// A fact, when it happened and who says so.
package struct RadioEvent: Sendable, BitwiseCopyable {
    /// When it happened, by the source.
    package var time: RadioTime
    package var source: SourceIndex
    package var fact: RadioFact

    package init(time: RadioTime, source: SourceIndex, fact: RadioFact) {
        self.time = time
        self.source = source
        self.fact = fact
    }
}

/// Events in the order in which they happened, with the tables that their indices point to.
///
/// A source fills one batch per tick and hands it on; the arrays are allocated once per batch, not
/// once per event. Ten thousand positions and measurements are about 2 MB.
package struct RadioBatch: Sendable {
    package private(set) var events: [RadioEvent] = []
    package private(set) var definitions: [RadioDefinition] = []
    package private(set) var neighbours: [NeighbourMeasurement] = []
    package private(set) var carriers: [CarrierMeasurement] = []
    package private(set) var cells: [CellIndex] = []
    package private(set) var bearers: [BearerFact] = []
    package private(set) var s1Bearers: [S1BearerFact] = []
    package private(set) var cellLoads: [CellLoadFact] = []
    package private(set) var terminalLoads: [TerminalLoadFact] = []

    /// Given to every event that is appended.
    package let source: SourceIndex

    package init(source: SourceIndex, reserving count: Int = 0) {
        self.source = source
        events.reserveCapacity(count)
    }

    package var isEmpty: Bool { events.isEmpty }
    package var count: Int { events.count }

    /// Empties every table and keeps their memory.
    package mutating func removeAll() {
        events.removeAll(keepingCapacity: true)
        definitions.removeAll(keepingCapacity: true)
        neighbours.removeAll(keepingCapacity: true)
        carriers.removeAll(keepingCapacity: true)
        cells.removeAll(keepingCapacity: true)
        bearers.removeAll(keepingCapacity: true)
        s1Bearers.removeAll(keepingCapacity: true)
        cellLoads.removeAll(keepingCapacity: true)
        terminalLoads.removeAll(keepingCapacity: true)
    }

    // MARK: - Appending

    /// Appends a fact that needs no table: `zoneRemoved`, `attached`, `position`, `timingAdvance`, `bitRate`, ….
    package mutating func append(_ fact: RadioFact, at time: RadioTime) {
        events.append(RadioEvent(time: time, source: source, fact: fact))
    }

    package mutating func append(_ definition: RadioDefinition, at time: RadioTime) {
        definitions.append(definition)
        append(.defined(BatchIndex(definitions.count - 1)), at: time)
    }

    package mutating func append(
        _ measurement: MeasurementFact,
        neighbours: some Collection<NeighbourMeasurement>,
        carriers: some Collection<CarrierMeasurement> = EmptyCollection(),
        at time: RadioTime
    ) {
        var measurement = measurement
        measurement.neighbours = Self.append(neighbours, to: &self.neighbours)
        measurement.carriers = Self.append(carriers, to: &self.carriers)
        append(.measurement(measurement), at: time)
    }

    package mutating func append(
        _ handover: HandoverFact,
        otherTargets: some Collection<CellIndex> = EmptyCollection(),
        at time: RadioTime
    ) {
        var handover = handover
        handover.otherTargets = Self.append(otherTargets, to: &cells)
        append(.handover(handover), at: time)
    }

    package mutating func append(
        _ change: CarrierAggregationFact,
        added: some Collection<CellIndex>,
        removed: some Collection<CellIndex>,
        carriers: some Collection<CarrierMeasurement> = EmptyCollection(),
        at time: RadioTime
    ) {
        var change = change
        change.added = Self.append(added, to: &cells)
        change.removed = Self.append(removed, to: &cells)
        change.carriers = Self.append(carriers, to: &self.carriers)
        append(.carrierAggregation(change), at: time)
    }

    package mutating func append(_ step: BearerStep, _ bearer: BearerFact, at time: RadioTime) {
        bearers.append(bearer)
        append(.bearer(step, BatchIndex(bearers.count - 1)), at: time)
    }

    package mutating func append(_ step: BearerStep, _ bearer: S1BearerFact, at time: RadioTime) {
        s1Bearers.append(bearer)
        append(.s1Bearer(step, BatchIndex(s1Bearers.count - 1)), at: time)
    }

    package mutating func append(_ load: CellLoadFact, at time: RadioTime) {
        cellLoads.append(load)
        append(.cellLoad(BatchIndex(cellLoads.count - 1)), at: time)
    }

    package mutating func append(_ load: TerminalLoadFact, at time: RadioTime) {
        terminalLoads.append(load)
        append(.terminalLoad(BatchIndex(terminalLoads.count - 1)), at: time)
    }

    private static func append<Element>(
        _ elements: some Collection<Element>,
        to table: inout [Element]
    ) -> BatchRange {
        guard !elements.isEmpty else { return .empty }
        let start = table.count
        table.append(contentsOf: elements)
        return BatchRange(start..<table.count)
    }
}

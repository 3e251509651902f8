/// One thing that happened, a few words long and without heap objects.
///
/// What does not fit (names, neighbour lists, bearers) lies in the tables of the ``RadioBatch`` that
/// the fact travels in; `BatchIndex` and `BatchRange` point there.
package enum RadioFact: Sendable, BitwiseCopyable {
    /// An entry of ``RadioBatch/definitions``.
    case defined(BatchIndex)
    case zoneRemoved(ZoneIndex)
    case cellRemoved(CellIndex)
    /// The terminal left for good; its bearers end without a word. Its index may be given out again.
    case terminalRemoved(TerminalIndex)
    case cellStatus(CellIndex, OperationStatus)

    /// The terminal is served by this cell from now on, without a handover (first attach, idle reselection).
    case attached(TerminalIndex, CellIndex)
    /// No cell serves the terminal now. It may come back.
    case detached(TerminalIndex)
    case position(PositionFact)
    case measurement(MeasurementFact)
    /// A step of a handover; with `completed` the target serves the terminal.
    case handover(HandoverFact)
    case timingAdvance(TimingAdvanceFact)
    case carrierAggregation(CarrierAggregationFact)
    /// An E-RAB (or QoS flow) step; an entry of ``RadioBatch/bearers``.
    case bearer(BearerStep, BatchIndex)
    /// An S1-U bearer step; an entry of ``RadioBatch/s1Bearers``.
    case s1Bearer(BearerStep, BatchIndex)
    case bitRate(BitRateFact)
    /// Layer 2 measurements of a cell; an entry of ``RadioBatch/cellLoads``.
    case cellLoad(BatchIndex)
    /// Layer 2 measurements of a terminal in a cell; an entry of ``RadioBatch/terminalLoads``.
    case terminalLoad(BatchIndex)
}

/// The place of an entry in one of a batch's tables.
package struct BatchIndex: Hashable, Sendable, BitwiseCopyable {
    fileprivate let value: UInt32
    init(_ value: Int) { self.value = UInt32(clamping: value) }
    package var offset: Int { Int(value) }
}

/// Neighbouring entries in one of a batch's tables.
package struct BatchRange: Hashable, Sendable, BitwiseCopyable {
    private let start: UInt32
    private let length: UInt32

    package static let empty = BatchRange(0..<0)

    init(_ range: Range<Int>) {
        start = UInt32(clamping: range.lowerBound)
        length = UInt32(clamping: range.count)
    }

    package var range: Range<Int> { Int(start)..<Int(start) + Int(length) }
    package var isEmpty: Bool { length == 0 }
}

/// Where a terminal is.
package struct PositionFact: Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var point: GeoPoint
    /// Radius of uncertainty in metres.
    package var accuracy: Float?
    /// Metres above sea level.
    package var altitude: Float?
    /// Metres per second over ground.
    package var speed: Float?
    /// Degrees from north, clockwise, 0..<360.
    package var heading: Float?

    package init(
        terminal: TerminalIndex,
        point: GeoPoint,
        accuracy: Float? = nil,
        altitude: Float? = nil,
        speed: Float? = nil,
        heading: Float? = nil
    ) {
        self.terminal = terminal
        self.point = point
        self.accuracy = accuracy
        self.altitude = altitude
        self.speed = speed
        self.heading = heading
    }
}

/// A measurement report: the serving cell and what the batch's tables hold of others.
package struct MeasurementFact: Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var servingCell: CellIndex
    package var level: SignalLevel
    /// Trigger (serving cell E-UTRA) or TriggerNr (NR) of MEC 012 6.6.2/6.6.3; `nil` is NOT_AVAILABLE.
    package var trigger: UInt8?
    /// Entries of ``RadioBatch/neighbours``, of any radio access.
    package var neighbours: BatchRange = .empty
    /// Entries of ``RadioBatch/carriers``: secondary serving cells.
    package var carriers: BatchRange = .empty

    package init(terminal: TerminalIndex, servingCell: CellIndex, level: SignalLevel, trigger: UInt8? = nil) {
        self.terminal = terminal
        self.servingCell = servingCell
        self.level = level
        self.trigger = trigger
    }
}

/// One neighbour cell in a measurement report.
package struct NeighbourMeasurement: Hashable, Sendable, BitwiseCopyable {
    package var cell: CellIndex
    package var level: SignalLevel

    package init(cell: CellIndex, level: SignalLevel) {
        self.cell = cell
        self.level = level
    }
}

/// One secondary serving cell and the best neighbour on its carrier.
package struct CarrierMeasurement: Hashable, Sendable, BitwiseCopyable {
    package var servingCell: CellIndex
    package var servingLevel: SignalLevel
    package var neighbourCell: CellIndex?
    package var neighbourLevel: SignalLevel

    package init(
        servingCell: CellIndex,
        servingLevel: SignalLevel,
        neighbourCell: CellIndex? = nil,
        neighbourLevel: SignalLevel = SignalLevel()
    ) {
        self.servingCell = servingCell
        self.servingLevel = servingLevel
        self.neighbourCell = neighbourCell
        self.neighbourLevel = neighbourLevel
    }
}

/// The state of a handover, MEC 012 6.4.2 `hoStatus`.
package enum HandoverStatus: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    case inPreparation = 1
    case inExecution = 2
    case completed = 3
    case rejected = 4
    case cancelled = 5
}

package struct HandoverFact: Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var source: CellIndex
    package var target: CellIndex
    package var status: HandoverStatus
    /// More targets, entries of ``RadioBatch/cells``; only in preparation, rejected and cancelled.
    package var otherTargets: BatchRange = .empty

    package init(terminal: TerminalIndex, source: CellIndex, target: CellIndex, status: HandoverStatus) {
        self.terminal = terminal
        self.source = source
        self.target = target
        self.status = status
    }
}

package struct TimingAdvanceFact: Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var cell: CellIndex
    /// TS 36.214 5.2.4 in units of Ts (1/30.72 µs).
    package var timingAdvance: UInt32

    package init(terminal: TerminalIndex, cell: CellIndex, timingAdvance: UInt32) {
        self.terminal = terminal
        self.cell = cell
        self.timingAdvance = timingAdvance
    }
}

/// Secondary cells that came and went, MEC 012 6.4.8.
package struct CarrierAggregationFact: Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    /// The primary cell.
    package var cell: CellIndex
    /// Entries of ``RadioBatch/cells``.
    package var added: BatchRange = .empty
    /// Entries of ``RadioBatch/cells``.
    package var removed: BatchRange = .empty
    /// Entries of ``RadioBatch/carriers``.
    package var carriers: BatchRange = .empty

    package init(terminal: TerminalIndex, cell: CellIndex) {
        self.terminal = terminal
        self.cell = cell
    }
}

/// Bits per second that a terminal moves now.
package struct BitRateFact: Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var downlink: UInt64?
    package var uplink: UInt64?

    package init(terminal: TerminalIndex, downlink: UInt64?, uplink: UInt64?) {
        self.terminal = terminal
        self.downlink = downlink
        self.uplink = uplink
    }
}

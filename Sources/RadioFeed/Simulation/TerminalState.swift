import MECModel

/// Where a terminal's handover stands.
enum HandoverPhase: UInt8, Sendable, BitwiseCopyable {
    case none
    /// The source asks targets; TS 36.300 10.1.2.1 steps 3 to 6.
    case preparing
    /// The terminal is on its way; steps 7 to 11.
    case executing
}

/// What changes of one terminal from step to step.
struct TerminalState: Sendable {
    // Motion
    var x: Float = 0
    var y: Float = 0
    var speed: Float = 0
    var directionX: Float = 0
    var directionY: Float = 0
    var cursor: Int32 = 0
    /// Where path losses were worked out last.
    var geometryX: Float = .infinity
    var geometryY: Float = .infinity
    /// Where its position was told last, and in which step.
    var toldX: Float = .infinity
    var toldY: Float = .infinity
    var toldStep: Int64 = .min
    var tile: Int64 = .min
    /// Place in ``CandidateMap/lists``.
    var list: Int32 = -1
    /// Cells in its row of the candidate table.
    var candidates: Int32 = 0

    // Serving cell: a place in ``RadioMap/cells``, -1 for none.
    var serving: Int32 = -1
    /// The serving cell's place in the terminal's row; -1 on Wi-Fi.
    var slot: Int32 = -1
    var isOnWifi = false
    var hasBearers = false
    /// RSSI in dBm of the serving access point, smoothed.
    var wifiLevel: Float = 0

    // Handover
    var phase = HandoverPhase.none
    /// The step at which the phase ends.
    var deadline: Int64 = 0
    var retry: Int64 = 0
    /// Up to three target cells, best first, -1 filled.
    var targets = SIMD4<Int32>(repeating: -1)
    /// Since when the radio link is out of sync; `max` while it is in sync.
    var outOfSyncSince: Int64 = .max

    // Link
    var sinr: Float = 0
    /// Bits per resource element.
    var downlinkEfficiency: Float = 0
    var uplinkEfficiency: Float = 0
    /// Power that the uplink needs less than the downlink: dB between the cell's element power and RSRP.
    var couplingLoss: Float = 0
    var uplinkBlocks: Float = 1
    /// Command told last; `max` for none yet.
    var timingAdvance: UInt32 = .max
    /// Secondary cells, -1 filled.
    var secondaries = SIMD4<Int32>(repeating: -1)
    var idleReports: Int32 = 0

    // Traffic
    var nextTraffic: Int64 = .max
    /// Asked for, bits per second.
    var demandGBRDown: Float = 0
    var demandGBRUp: Float = 0
    var demandDown: Float = 0
    var demandUp: Float = 0
    /// Given in the last second, bits per second.
    var givenGBRDown: Float = 0
    var givenGBRUp: Float = 0
    var givenDown: Float = 0
    var givenUp: Float = 0
    /// Bits since it entered the cell.
    var volumeGBRDown: Double = 0
    var volumeGBRUp: Double = 0
    var volumeDown: Double = 0
    var volumeUp: Double = 0
    /// Reports in a row with every guarantee kept.
    var goodReports: Int32 = 0
    var reports: Int32 = 0
}

/// What stays as it is of one terminal.
struct TerminalTerms: Sendable {
    let index: TerminalIndex
    let path: TravelPath
    /// Seconds that its way is ahead of the clock.
    let start: Double
    let radio: RadioTerms
    let capabilities: Scenario.Capabilities
    /// Its services' places in the service table.
    let services: Range<Int>
}

/// What path loss and measurements need of a terminal; without references, for it is copied often.
struct RadioTerms: Sendable, BitwiseCopyable {
    let height: TerminalHeight
    let penetration: PenetrationLoss
    /// Seeds its measurement noise and hE.
    let key: UInt64
}

/// One traffic service of one terminal.
struct ServiceState: Sendable {
    let service: TrafficService
    var isOn = false
    /// The step at which it turns on or off.
    var next: Int64 = .max
    /// Place in ``TrafficService/rates``.
    var rung = 0
    /// E-RAB identity of its dedicated bearer; 0 while it has none.
    var erabId: UInt8 = 0
}

/// What changes of one cell.
struct CellState: Sendable {
    /// Terminals that it serves or has admitted.
    var terminals: Int32 = 0
    /// Share of downlink blocks in use, 0…1: what neighbours hear of it.
    var load: Float = 0
    var uplinkLoad: Float = 0

    // Sums of the round in progress, in resource blocks.
    var needGBRDown: Float = 0
    var needDown: Float = 0
    var needGBRUp: Float = 0
    var needUp: Float = 0
    var activeGBRDown: Int32 = 0
    var activeDown: Int32 = 0
    var activeGBRUp: Int32 = 0
    var activeUp: Int32 = 0

    // Shares granted in the last round, 0…1.
    var shareGBRDown: Float = 1
    var shareDown: Float = 1
    var shareGBRUp: Float = 1
    var shareUp: Float = 1
}

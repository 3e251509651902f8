/// The terminal that a notification is about, as applications know it.
package struct NotifiedTerminal: Hashable, Sendable {
    /// Its name on the site; one topic level.
    package var name: String
    package var associateId: [AssociateId]
    package var tempUeId: TemporaryUeId?

    package init(name: String, associateId: [AssociateId] = [], tempUeId: TemporaryUeId? = nil) {
        self.name = name
        self.associateId = associateId
        self.tempUeId = tempUeId
    }
}

/// Something that the radio network information service tells, MEC 012 6.4.
package enum RniNotification: Hashable, Sendable {
    case cellChange(CellChangeNotification)
    case rabEst(RabNotification)
    case rabMod(RabNotification)
    case rabRel(RabNotification)
    case measRepUe(MeasRepUeNotification)
    case nrMeasRepUe(NrMeasRepUeNotification)
    case measTa(MeasTaNotification)
    case caReconf(CaReconfNotification)
    case s1Bearer(S1BearerNotification)
}

/// The nine kinds of ``RniNotification``.
package enum RniEvent: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    case cellChange, rabEst, rabMod, rabRel, measRepUe, nrMeasRepUe, measTa, caReconf, s1Bearer
}

extension RniNotification {
    package var event: RniEvent {
        switch self {
        case .cellChange: .cellChange
        case .rabEst: .rabEst
        case .rabMod: .rabMod
        case .rabRel: .rabRel
        case .measRepUe: .measRepUe
        case .nrMeasRepUe: .nrMeasRepUe
        case .measTa: .measTa
        case .caReconf: .caReconf
        case .s1Bearer: .s1Bearer
        }
    }

    package var terminal: NotifiedTerminal {
        switch self {
        case .cellChange(let body): body.terminal
        case .rabEst(let body), .rabMod(let body), .rabRel(let body): body.terminal
        case .measRepUe(let body): body.terminal
        case .nrMeasRepUe(let body): body.terminal
        case .measTa(let body): body.terminal
        case .caReconf(let body): body.terminal
        case .s1Bearer(let body): body.terminal
        }
    }

    package var timeStamp: RadioTime {
        switch self {
        case .cellChange(let body): body.timeStamp
        case .rabEst(let body), .rabMod(let body), .rabRel(let body): body.timeStamp
        case .measRepUe(let body): body.timeStamp
        case .nrMeasRepUe(let body): body.timeStamp
        case .measTa(let body): body.timeStamp
        case .caReconf(let body): body.timeStamp
        case .s1Bearer(let body): body.timeStamp
        }
    }

    /// The cell in the event's topic: the one that serves the terminal after the event.
    package var cell: CellIdentity {
        switch self {
        case .cellChange(let body): body.servingCell
        case .rabEst(let body), .rabMod(let body), .rabRel(let body): body.cell
        case .measRepUe(let body): body.serving.cell
        case .nrMeasRepUe(let body): body.serving.cell
        case .measTa(let body): body.cell
        case .caReconf(let body): body.cell
        case .s1Bearer(let body): body.cell
        }
    }
}

/// MEC 012 6.4.2.
package struct CellChangeNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var source: CellIdentity
    /// At least one; more only while in preparation, rejected or cancelled.
    package var targets: [CellIdentity]
    package var hoStatus: HandoverStatus

    package init(
        timeStamp: RadioTime,
        terminal: NotifiedTerminal,
        source: CellIdentity,
        targets: [CellIdentity],
        hoStatus: HandoverStatus
    ) {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.source = source
        self.targets = targets
        self.hoStatus = hoStatus
    }

    package var servingCell: CellIdentity { hoStatus == .completed ? targets.first ?? source : source }
}

/// RabEst, RabMod and RabRel, MEC 012 6.4.3 to 6.4.5.
package struct RabNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var cell: CellIdentity
    package var erabId: UInt8
    /// Absent when the source does not say.
    package var qci: UInt8?
    package var qosInformation: BearerRates?

    package init(
        timeStamp: RadioTime,
        terminal: NotifiedTerminal,
        cell: CellIdentity,
        erabId: UInt8,
        qci: UInt8? = nil,
        qosInformation: BearerRates? = nil
    ) {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.cell = cell
        self.erabId = erabId
        self.qci = qci
        self.qosInformation = qosInformation
    }
}

/// A cell and what was measured of it.
package struct CellMeasurement: Hashable, Sendable {
    package var cell: CellIdentity
    package var level: SignalLevel

    package init(cell: CellIdentity, level: SignalLevel) {
        self.cell = cell
        self.level = level
    }
}

/// A secondary serving cell and the best neighbour on its carrier.
package struct CarrierMeasurementInfo: Hashable, Sendable {
    package var serving: CellMeasurement
    package var neighbour: CellMeasurement?
    /// NR-ARFCN or EARFCN of the carrier.
    package var arfcn: UInt32?

    package init(serving: CellMeasurement, neighbour: CellMeasurement? = nil, arfcn: UInt32? = nil) {
        self.serving = serving
        self.neighbour = neighbour
        self.arfcn = arfcn
    }
}

/// MEC 012 6.4.6: the serving cell is E-UTRA.
package struct MeasRepUeNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var serving: CellMeasurement
    /// Trigger, MEC 012 6.6.2; 0 is NOT_AVAILABLE.
    package var trigger: UInt8
    package var neighbours: [CellMeasurement] = []
    package var carriers: [CarrierMeasurementInfo] = []
    /// Metres above sea level.
    package var heightUe: Int32?

    package init(timeStamp: RadioTime, terminal: NotifiedTerminal, serving: CellMeasurement, trigger: UInt8) {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.serving = serving
        self.trigger = trigger
    }
}

/// MEC 012 6.4.11: the serving cell is NR.
package struct NrMeasRepUeNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var serving: CellMeasurement
    /// TriggerNr, MEC 012 6.6.3; 0 is NOT_AVAILABLE.
    package var triggerNr: UInt8
    package var neighbours: [CellMeasurement] = []
    /// Secondary serving cells.
    package var carriers: [CarrierMeasurementInfo] = []

    package init(timeStamp: RadioTime, terminal: NotifiedTerminal, serving: CellMeasurement, triggerNr: UInt8)
    {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.serving = serving
        self.triggerNr = triggerNr
    }
}

/// MEC 012 6.4.7.
package struct MeasTaNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var cell: CellIdentity
    /// Units of Ts, TS 36.214.
    package var timingAdvance: UInt32

    package init(timeStamp: RadioTime, terminal: NotifiedTerminal, cell: CellIdentity, timingAdvance: UInt32)
    {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.cell = cell
        self.timingAdvance = timingAdvance
    }
}

/// MEC 012 6.4.8.
package struct CaReconfNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var cell: CellIdentity
    package var secondaryCellAdd: [CellIdentity] = []
    package var secondaryCellRemove: [CellIdentity] = []
    package var carriers: [CarrierMeasurementInfo] = []

    package init(timeStamp: RadioTime, terminal: NotifiedTerminal, cell: CellIdentity) {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.cell = cell
    }
}

/// MEC 012 6.4.10.
package struct S1BearerNotification: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var cell: CellIdentity
    package var s1Event: BearerStep
    package var erabId: UInt8
    package var enb: TunnelEndpoint?
    package var sgw: TunnelEndpoint?

    package init(
        timeStamp: RadioTime,
        terminal: NotifiedTerminal,
        cell: CellIdentity,
        s1Event: BearerStep,
        erabId: UInt8,
        enb: TunnelEndpoint?,
        sgw: TunnelEndpoint?
    ) {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.cell = cell
        self.s1Event = s1Event
        self.erabId = erabId
        self.enb = enb
        self.sgw = sgw
    }
}

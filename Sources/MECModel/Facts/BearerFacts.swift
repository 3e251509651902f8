/// What happened to a bearer.
package enum BearerStep: UInt8, Sendable, Hashable, BitwiseCopyable, CaseIterable {
    case established = 1
    case modified = 2
    case released = 3
}

/// An E-RAB, MEC 012 6.4.3; for NR the QoS flow with its 5QI in place of the QCI.
package struct BearerFact: Hashable, Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var cell: CellIndex
    /// E-RAB identity, 0…15, TS 36.413.
    package var erabId: UInt8
    /// QCI or 5QI; `nil` when the source does not say (a release need not).
    package var qci: UInt8?
    /// Only for GBR bearers, TS 23.401.
    package var qosInformation: BearerRates?

    package init(
        terminal: TerminalIndex,
        cell: CellIndex,
        erabId: UInt8,
        qci: UInt8? = nil,
        qosInformation: BearerRates? = nil
    ) {
        self.terminal = terminal
        self.cell = cell
        self.erabId = erabId
        self.qci = qci
        self.qosInformation = qosInformation
    }
}

/// Maximum and guaranteed bit rates of a GBR bearer in bits per second, TS 23.401.
package struct BearerRates: Hashable, Sendable, BitwiseCopyable, Codable {
    package var erabMbrDl: UInt64
    package var erabMbrUl: UInt64
    package var erabGbrDl: UInt64
    package var erabGbrUl: UInt64

    package init(erabMbrDl: UInt64, erabMbrUl: UInt64, erabGbrDl: UInt64, erabGbrUl: UInt64) {
        self.erabMbrDl = erabMbrDl
        self.erabMbrUl = erabMbrUl
        self.erabGbrDl = erabGbrDl
        self.erabGbrUl = erabGbrUl
    }
}

/// One end of a GTP-U tunnel.
package struct TunnelEndpoint: Hashable, Sendable, BitwiseCopyable {
    package var address: IPAddress
    package var teid: UInt32

    package init(address: IPAddress, teid: UInt32) {
        self.address = address
        self.teid = teid
    }
}

/// An S1-U bearer, MEC 012 6.4.10.
package struct S1BearerFact: Hashable, Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var cell: CellIndex
    package var erabId: UInt8
    package var enb: TunnelEndpoint?
    package var sgw: TunnelEndpoint?

    package init(
        terminal: TerminalIndex,
        cell: CellIndex,
        erabId: UInt8,
        enb: TunnelEndpoint? = nil,
        sgw: TunnelEndpoint? = nil
    ) {
        self.terminal = terminal
        self.cell = cell
        self.erabId = erabId
        self.enb = enb
        self.sgw = sgw
    }
}

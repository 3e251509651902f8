// Answers to the queries of MEC 012 7.3 to 7.6 and the state that is retained on the bus.

/// An E-RAB of a terminal.
package struct ErabInfo: Hashable, Sendable {
    package var erabId: UInt8
    package var qci: UInt8?
    package var qosInformation: BearerRates?

    package init(erabId: UInt8, qci: UInt8?, qosInformation: BearerRates?) {
        self.erabId = erabId
        self.qci = qci
        self.qosInformation = qosInformation
    }
}

/// The terminals of a cell and their bearers.
package struct CellUserInfo: Hashable, Sendable {
    package struct UeInfo: Hashable, Sendable {
        package var terminal: NotifiedTerminal
        package var erabInfo: [ErabInfo]

        package init(terminal: NotifiedTerminal, erabInfo: [ErabInfo]) {
            self.terminal = terminal
            self.erabInfo = erabInfo
        }
    }

    package var cell: CellIdentity
    package var ueInfo: [UeInfo]

    package init(cell: CellIdentity, ueInfo: [UeInfo]) {
        self.cell = cell
        self.ueInfo = ueInfo
    }
}

/// RabInfo, MEC 012 6.2.2.
package struct RabInfo: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var appInstanceId: String
    package var requestId: String
    package var cellUserInfo: [CellUserInfo]

    package init(timeStamp: RadioTime, appInstanceId: String, requestId: String, cellUserInfo: [CellUserInfo])
    {
        self.timeStamp = timeStamp
        self.appInstanceId = appInstanceId
        self.requestId = requestId
        self.cellUserInfo = cellUserInfo
    }
}

/// PlmnInfo, MEC 012 6.2.3.
package struct PlmnInfo: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var appInstanceId: String
    package var plmn: [Plmn]

    package init(timeStamp: RadioTime, appInstanceId: String, plmn: [Plmn]) {
        self.timeStamp = timeStamp
        self.appInstanceId = appInstanceId
        self.plmn = plmn
    }
}

/// S1BearerInfo as the answer to a query, MEC 012 6.2.4.
package struct S1BearerInfo: Hashable, Sendable {
    package struct Bearer: Hashable, Sendable {
        package var erabId: UInt8
        package var enb: TunnelEndpoint?
        package var sgw: TunnelEndpoint?

        package init(erabId: UInt8, enb: TunnelEndpoint?, sgw: TunnelEndpoint?) {
            self.erabId = erabId
            self.enb = enb
            self.sgw = sgw
        }
    }

    package struct UeInfo: Hashable, Sendable {
        package var terminal: NotifiedTerminal
        package var cell: CellIdentity
        package var bearers: [Bearer]

        package init(terminal: NotifiedTerminal, cell: CellIdentity, bearers: [Bearer]) {
            self.terminal = terminal
            self.cell = cell
            self.bearers = bearers
        }
    }

    package var timeStamp: RadioTime
    package var s1UeInfo: [UeInfo]

    package init(timeStamp: RadioTime, s1UeInfo: [UeInfo]) {
        self.timeStamp = timeStamp
        self.s1UeInfo = s1UeInfo
    }
}

/// L2Meas, MEC 012 6.2.5.
package struct L2Meas: Hashable, Sendable {
    package struct Cell: Hashable, Sendable {
        package var cell: CellIdentity
        package var load: CellLoadFact

        package init(cell: CellIdentity, load: CellLoadFact) {
            self.cell = cell
            self.load = load
        }
    }

    package struct CellUe: Hashable, Sendable {
        package var cell: CellIdentity
        package var terminal: NotifiedTerminal
        package var load: TerminalLoadFact

        package init(cell: CellIdentity, terminal: NotifiedTerminal, load: TerminalLoadFact) {
            self.cell = cell
            self.terminal = terminal
            self.load = load
        }
    }

    package var timeStamp: RadioTime
    package var cellInfo: [Cell]
    package var cellUEInfo: [CellUe]

    package init(timeStamp: RadioTime, cellInfo: [Cell], cellUEInfo: [CellUe]) {
        self.timeStamp = timeStamp
        self.cellInfo = cellInfo
        self.cellUEInfo = cellUEInfo
    }
}

/// A terminal as the radio network sees it now.
package struct UeState: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var terminal: NotifiedTerminal
    package var servingCell: CellIdentity
    package var secondaryCells: [CellIdentity]
    package var erabInfo: [ErabInfo]

    package init(
        timeStamp: RadioTime,
        terminal: NotifiedTerminal,
        servingCell: CellIdentity,
        secondaryCells: [CellIdentity],
        erabInfo: [ErabInfo]
    ) {
        self.timeStamp = timeStamp
        self.terminal = terminal
        self.servingCell = servingCell
        self.secondaryCells = secondaryCells
        self.erabInfo = erabInfo
    }
}

/// A cell as the radio network sees it now.
package struct CellState: Hashable, Sendable {
    package var timeStamp: RadioTime
    package var definition: CellDefinition
    package var zoneId: String?
    package var numberOfUEs: Int
    package var load: CellLoadFact?

    package init(
        timeStamp: RadioTime,
        definition: CellDefinition,
        zoneId: String?,
        numberOfUEs: Int,
        load: CellLoadFact?
    ) {
        self.timeStamp = timeStamp
        self.definition = definition
        self.zoneId = zoneId
        self.numberOfUEs = numberOfUEs
        self.load = load
    }
}

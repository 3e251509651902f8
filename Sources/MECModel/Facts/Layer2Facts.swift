/// A value for each direction and bearer kind, as TS 36.314 splits its measurements.
package struct Layer2Values: Hashable, Sendable, BitwiseCopyable {
    package var downlinkGBR: UInt32?
    package var uplinkGBR: UInt32?
    package var downlinkNonGBR: UInt32?
    package var uplinkNonGBR: UInt32?

    package init(
        downlinkGBR: UInt32? = nil,
        uplinkGBR: UInt32? = nil,
        downlinkNonGBR: UInt32? = nil,
        uplinkNonGBR: UInt32? = nil
    ) {
        self.downlinkGBR = downlinkGBR
        self.uplinkGBR = uplinkGBR
        self.downlinkNonGBR = downlinkNonGBR
        self.uplinkNonGBR = uplinkNonGBR
    }
}

/// Layer 2 measurements of a cell, MEC 012 6.2.5 `cellInfo`, TS 36.314.
package struct CellLoadFact: Hashable, Sendable, BitwiseCopyable {
    package var cell: CellIndex
    /// Percent of physical resource blocks.
    package var prbUsage = Layer2Values()
    package var totalDownlinkPrbUsage: UInt32?
    package var totalUplinkPrbUsage: UInt32?
    /// Percent.
    package var dedicatedPreambles: UInt32?
    package var randomPreamblesLowRange: UInt32?
    package var randomPreamblesHighRange: UInt32?
    /// Count.
    package var activeUes = Layer2Values()
    /// Percent of packets.
    package var packetDiscardRate = Layer2Values()

    package init(cell: CellIndex) { self.cell = cell }
}

/// Layer 2 measurements of a terminal in a cell, MEC 012 6.2.5 `cellUEInfo`, TS 36.314.
package struct TerminalLoadFact: Hashable, Sendable, BitwiseCopyable {
    package var terminal: TerminalIndex
    package var cell: CellIndex
    /// Milliseconds.
    package var delay = Layer2Values()
    /// Percent of packets.
    package var packetDiscardRate = Layer2Values()
    /// kbit/s.
    package var throughput = Layer2Values()
    /// kbit since the terminal entered the cell.
    package var dataVolume = Layer2Values()

    package init(terminal: TerminalIndex, cell: CellIndex) {
        self.terminal = terminal
        self.cell = cell
    }
}

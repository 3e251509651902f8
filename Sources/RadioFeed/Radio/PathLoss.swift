/// Mean path loss in decibels between a base station and an outdoor terminal.
///
/// TR 38.901 Table 7.4.1-1 (UMa, UMi street canyon) for terminals up to 22.5 m, TR 36.777 Table B-2
/// (UMa-AV, UMi-AV) above. Valid from 0.5 GHz to 100 GHz and, as the table says, from 10 m over ground;
/// nearer terminals get the loss at 10 m.
package struct PathLoss: Sendable {
    /// Carrier frequency in GHz.
    package let frequencyGHz: Float
    private let log10Frequency: Float
    /// 4 fc / c in 1/m, of the breakpoint distance.
    private let breakpointFactor: Float

    static let speedOfLight: Double = 299_792_458

    package init(frequencyGHz: Float) {
        self.frequencyGHz = frequencyGHz
        log10Frequency = FastMath.log10(frequencyGHz)
        breakpointFactor = Float(4e9 * Double(frequencyGHz) / PathLoss.speedOfLight)
    }

    /// Where a base station and a terminal stand to each other.
    package struct Geometry: Sendable {
        /// Metres over ground, at least 10.
        package let distance2D: Float
        /// Metres from antenna to antenna.
        package let distance3D: Float
        let log10Distance3D: Float
        /// Base station antenna, metres above ground.
        package let baseHeight: Float
        package let terminalHeight: TerminalHeight
        /// hE in metres, TR 38.901 Table 7.4.1-1 NOTE 1.
        package let environmentHeight: Float

        @inline(__always)
        package init(
            distance2D: Float,
            baseHeight: Float,
            terminalHeight: TerminalHeight,
            environmentHeight: Float = 1
        ) {
            let ground = max(10, distance2D)
            let rise = baseHeight - terminalHeight.metres
            let direct = (ground * ground + rise * rise).squareRoot()
            self.distance2D = ground
            distance3D = direct
            log10Distance3D = FastMath.log10(direct)
            self.baseHeight = baseHeight
            self.terminalHeight = terminalHeight
            self.environmentHeight = environmentHeight
        }
    }

    /// d'BP in metres: 4 h'BS h'UT fc / c, TR 38.901 Table 7.4.1-1 NOTE 1.
    @inline(__always)
    package func breakpointDistance(_ g: Geometry) -> Float {
        let base = max(0, g.baseHeight - g.environmentHeight)
        let terminal = max(0, g.terminalHeight.metres - g.environmentHeight)
        return breakpointFactor * base * terminal
    }

    /// Loss with line of sight.
    @inline(__always)
    package func lineOfSight(_ model: PropagationModel, _ g: Geometry) -> Float {
        if g.terminalHeight.isAerial { return aerialLineOfSight(model, g) }
        let breakpoint = breakpointDistance(g)
        let isNear = g.distance2D <= breakpoint
        let rise = g.baseHeight - g.terminalHeight.metres
        switch model {
        case .urbanMacro:
            if isNear { return 28 + 22 * g.log10Distance3D + 20 * log10Frequency }
            return 28 + 40 * g.log10Distance3D + 20 * log10Frequency
                - 9 * FastMath.log10(breakpoint * breakpoint + rise * rise + .leastNormalMagnitude)
        case .urbanMicro:
            if isNear { return 32.4 + 21 * g.log10Distance3D + 20 * log10Frequency }
            return 32.4 + 40 * g.log10Distance3D + 20 * log10Frequency
                - 9.5 * FastMath.log10(breakpoint * breakpoint + rise * rise + .leastNormalMagnitude)
        }
    }

    /// Loss without line of sight; never less than with it.
    @inline(__always)
    package func obstructed(_ model: PropagationModel, _ g: Geometry) -> Float {
        let clear = lineOfSight(model, g)
        let h = g.terminalHeight
        let loss: Float
        switch (model, h.isAerial) {
        case (.urbanMacro, false):
            loss = 13.54 + 39.08 * g.log10Distance3D + 20 * log10Frequency - 0.6 * (h.metres - 1.5)
        case (.urbanMicro, false):
            loss = 22.4 + 35.3 * g.log10Distance3D + 21.3 * log10Frequency - 0.3 * (h.metres - 1.5)
        case (.urbanMacro, true):
            // 20 log10(40 pi fc / 3) = 20 log10(fc) + 32.442
            loss =
                -17.5 + (46 - 7 * h.log10Metres) * g.log10Distance3D + 20 * log10Frequency + 32.44195
        case (.urbanMicro, true):
            loss = 32.4 + (43.2 - 7.6 * h.log10Metres) * g.log10Distance3D + 20 * log10Frequency
        }
        return max(clear, loss)
    }

    private func aerialLineOfSight(_ model: PropagationModel, _ g: Geometry) -> Float {
        switch model {
        case .urbanMacro:
            return 28 + 22 * g.log10Distance3D + 20 * log10Frequency
        case .urbanMicro:
            let freeSpace = 32.45 + 20 * g.log10Distance3D + 20 * log10Frequency
            let slope = 22.25 - 0.5 * g.terminalHeight.log10Metres
            return max(freeSpace, 30.9 + slope * g.log10Distance3D + 20 * log10Frequency)
        }
    }
}

extension PathLoss {
    /// hE for UMa, TR 38.901 Table 7.4.1-1 NOTE 1: 1 m with probability 1/(1 + C), otherwise one of
    /// 12, 15, …, hUT - 1.5 m, all alike.
    ///
    /// - Parameter draw: Uniform in 0..<1; the same draw gives the same height.
    package static func environmentHeight(distance2D: Float, terminalHeight: Float, draw: Float) -> Float {
        guard terminalHeight >= 13, terminalHeight <= 22.5, distance2D > 18 else { return 1 }
        let hundred = distance2D / 100
        let g = 1.25 * hundred * hundred * hundred * FastMath.exp(-distance2D / 150)
        let base = (terminalHeight - 13) / 10
        let c = base * base.squareRoot() * g
        let low = 1 / (1 + c)
        guard draw >= low else { return 1 }
        let steps = ((terminalHeight - 1.5 - 12) / 3).rounded(.down)
        guard steps >= 0 else { return 1 }
        let place = min(steps, ((draw - low) / (1 - low) * (steps + 1)).rounded(.down))
        return 12 + 3 * place
    }
}

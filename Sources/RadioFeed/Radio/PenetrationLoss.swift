/// What stands between the street and the terminal.
package enum Shelter: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    /// In the open.
    case outdoor
    /// In a vehicle, TR 38.901 7.4.3.2.
    case vehicle
    /// In a building of the low-loss kind, TR 38.901 Table 7.4.3-2.
    case building

    /// Loss through the wall of a low-loss building: 30 % standard glass and 70 % concrete,
    /// TR 38.901 Tables 7.4.3-1 and 7.4.3-2, in decibels.
    package static func wallLoss(frequencyGHz f: Float) -> Float {
        let glass = 2 + 0.2 * f
        let concrete = 5 + 4 * f
        let through = 0.3 * FastMath.ratio(decibels: -glass) + 0.7 * FastMath.ratio(decibels: -concrete)
        return 5 - FastMath.decibels(through)
    }
}

/// What a terminal's shelter costs, drawn once for its life.
package struct PenetrationLoss: Sendable, BitwiseCopyable {
    /// The same on every carrier, decibels.
    package let fixed: Float
    /// Whether the frequency-dependent wall loss comes on top.
    package let isBehindWall: Bool

    /// - Parameter random: The terminal's own stream.
    package init(_ shelter: Shelter, random: inout SeededRandom) {
        switch shelter {
        case .outdoor:
            fixed = 0
            isBehindWall = false
        case .vehicle:
            // TR 38.901 7.4.3.2: normal, mean 9 dB, standard deviation 5 dB. A hull never amplifies.
            fixed = Float(max(0, 9 + 5 * random.normal()))
            isBehindWall = false
        case .building:
            // TR 38.901 7.4.3.1: 0.5 dB for each metre indoors, the lesser of two uniform draws up to
            // 25 m, and a normal term of 4.4 dB.
            let depth = min(random.uniform(in: 0...25), random.uniform(in: 0...25))
            fixed = Float(4.4 * random.normal() + 0.5 * depth)
            isBehindWall = true
        }
    }
}

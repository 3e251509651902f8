/// The radiation pattern of a base station antenna.
///
/// The two cuts and their sum are those of TR 38.901 Table 7.3-1; a panel that narrows the vertical
/// beam has the beamwidth and side lobe level of TR 36.814 Table A.2.1.1-2.
package struct Antenna: Sendable, Hashable {
    /// Gain in the main direction, dBi.
    package var gain: Float
    /// Degrees from north, clockwise; `nil` radiates alike all round.
    package var azimuth: Float?
    /// Degrees below the horizon.
    package var tilt: Float
    /// Degrees between the half-power points.
    package var horizontalBeamwidth: Float
    package var verticalBeamwidth: Float
    /// Decibels; what is behind is no weaker than that.
    package var frontToBackRatio: Float
    /// Decibels.
    package var sideLobeLevel: Float

    /// A sector panel of a macro site.
    package static func sector(azimuth: Float, tilt: Float = 6) -> Antenna {
        Antenna(
            gain: 17,
            azimuth: azimuth,
            tilt: tilt,
            horizontalBeamwidth: 65,
            verticalBeamwidth: 10,
            frontToBackRatio: 30,
            sideLobeLevel: 20
        )
    }

    /// A small antenna that radiates all round.
    package static func omnidirectional(gain: Float = 5) -> Antenna {
        Antenna(
            gain: gain,
            azimuth: nil,
            tilt: 0,
            horizontalBeamwidth: 360,
            verticalBeamwidth: 65,
            frontToBackRatio: 30,
            sideLobeLevel: 30
        )
    }

    /// Gain towards a terminal in dBi.
    ///
    /// - Parameters:
    ///   - bearing: Degrees from north to the terminal, any turn.
    ///   - depression: Degrees below the horizon to the terminal; negative is above.
    @inline(__always)
    package func gain(bearing: Float, depression: Float) -> Float {
        var horizontal: Float = 0
        if let azimuth {
            var offset = bearing - azimuth
            offset -= 360 * (offset / 360).rounded()
            let turn = offset / horizontalBeamwidth
            horizontal = min(12 * turn * turn, frontToBackRatio)
        }
        let nod = (depression - tilt) / verticalBeamwidth
        let vertical = min(12 * nod * nod, sideLobeLevel)
        return gain - min(horizontal + vertical, frontToBackRatio)
    }
}

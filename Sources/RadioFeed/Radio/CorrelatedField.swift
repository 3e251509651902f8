#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A landscape of shadow fading: standard normal at every place, and alike at places near each other.
///
/// TR 38.901 7.4.4 and 7.5 ask for a correlation of exp(-d/dcor) over distance d, the same for sectors
/// of one site and none between sites. The usual way draws each terminal's shadow step by step along
/// its way; the result then depends on the step, and two people side by side stand in different
/// shadows. Here the shadow belongs to the place: one periodic tile with the right correlation is made
/// once (its spectrum is the transform of the correlation, its phases random), and every site looks at
/// it with an offset, turn and sign of its own. So the same place gives the same shadow for ever,
/// whatever the order or the step, and a look-up costs four reads.
package struct CorrelatedField: Sendable {
    static let side = 512
    /// Tile points in one correlation distance.
    static let pointsPerDistance: Float = 8
    private static let mask = Int32(side - 1)

    /// In steps of 1/4096 of a standard deviation: half the memory of `Float`, so that it stays in the cache.
    private let tile: [Int16]
    private static let stepsPerDeviation: Float = 4096

    /// The tile that all simulations share; its own randomness is fixed, the sites' views carry the seed.
    package static let shared = CorrelatedField(seed: 0x57_45_49_52)

    init(seed: UInt64) {
        let n = Self.side
        // Autocorrelation exp(-d/dcor) on the torus; its transform is the power spectrum.
        var spectrum = [Double](repeating: 0, count: n * n)
        for y in 0..<n {
            for x in 0..<n {
                let dx = Double(min(x, n - x))
                let dy = Double(min(y, n - y))
                let distance = (dx * dx + dy * dy).squareRoot() / Double(Self.pointsPerDistance)
                spectrum[y * n + x] = exp(-distance)
            }
        }
        let fourier = FourierTransform(side: n)
        var imaginary = [Double](repeating: 0, count: n * n)
        fourier.transform(re: &spectrum, im: &imaginary)
        // White complex noise, coloured by the root of the spectrum; the real part is the field.
        var random = SeededRandom(seed: seed)
        var re = [Double](repeating: 0, count: n * n)
        var im = re
        for i in 0..<n * n {
            let amplitude = max(0, spectrum[i]).squareRoot()
            re[i] = amplitude * random.normal()
            im[i] = amplitude * random.normal()
        }
        fourier.transform(re: &re, im: &im)
        // One tile is one throw of the dice: take out what its own mean and deviation are off.
        let mean = re.reduce(0, +) / Double(re.count)
        let variance = re.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(re.count)
        let scale = 1 / variance.squareRoot()
        tile = re.map { Int16(max(-7.9, min(7.9, ($0 - mean) * scale)) * Double(Self.stepsPerDeviation)) }
    }

    /// How one site (and one use: shadow, line of sight) looks at the tile.
    package struct View: Sendable, BitwiseCopyable {
        let offsetX: Float
        let offsetY: Float
        let swapsAxes: Bool
        let flipX: Float
        let flipY: Float
        let sign: Float
        /// Tile points for each metre.
        let pointsPerMetre: Float

        /// - Parameter correlationDistance: Metres.
        package init(correlationDistance: Float, random: inout SeededRandom) {
            offsetX = Float(random.uniform() * Double(CorrelatedField.side))
            offsetY = Float(random.uniform() * Double(CorrelatedField.side))
            let bits = random.next()
            swapsAxes = bits & 1 != 0
            flipX = bits & 2 != 0 ? -1 : 1
            flipY = bits & 4 != 0 ? -1 : 1
            sign = bits & 8 != 0 ? -1 : 1
            pointsPerMetre = CorrelatedField.pointsPerDistance / correlationDistance
        }
    }

    // Correlation between tile points one step and one diagonal apart: exp(-1/8), exp(-sqrt(2)/8).
    private static let stepCorrelation: Float = 0.88249690
    private static let diagonalCorrelation: Float = 0.83796692

    /// The field at a place, in standard deviations.
    ///
    /// - Parameters: Metres east and north of the scenario's origin, at most a few thousand kilometres.
    @inline(__always)
    package func value(_ view: View, x: Float, y: Float) -> Float {
        let east = view.swapsAxes ? y : x
        let north = view.swapsAxes ? x : y
        let u = east * view.flipX * view.pointsPerMetre + view.offsetX
        let v = north * view.flipY * view.pointsPerMetre + view.offsetY
        let uFloor = u.rounded(.down)
        let vFloor = v.rounded(.down)
        let fx = u - uFloor
        let fy = v - vFloor
        let x0 = Int(Int32(truncatingIfNeeded: Int64(uFloor)) & Self.mask)
        let y0 = Int(Int32(truncatingIfNeeded: Int64(vFloor)) & Self.mask)
        let x1 = (x0 + 1) & Int(Self.mask)
        let y1 = (y0 + 1) & Int(Self.mask)
        let w00 = (1 - fx) * (1 - fy)
        let w10 = fx * (1 - fy)
        let w01 = (1 - fx) * fy
        let w11 = fx * fy
        let row0 = y0 * Self.side
        let row1 = y1 * Self.side
        let mixed =
            w00 * Float(tile[row0 + x0]) + w10 * Float(tile[row0 + x1])
            + w01 * Float(tile[row1 + x0]) + w11 * Float(tile[row1 + x1])
        // Mixing four correlated values lowers their variance; give back what it took.
        let variance =
            w00 * w00 + w10 * w10 + w01 * w01 + w11 * w11
            + 2 * Self.stepCorrelation * (w00 * w10 + w00 * w01 + w11 * w10 + w11 * w01)
            + 2 * Self.diagonalCorrelation * (w00 * w11 + w10 * w01)
        return view.sign * mixed / (variance.squareRoot() * Self.stepsPerDeviation)
    }
}

/// The standard normal distribution function, from a table of 2,048 steps over -4…4.
package struct NormalDistribution: Sendable {
    private let table: [Float]
    private static let steps = 2048
    private static let bound: Float = 4

    package static let shared = NormalDistribution()

    init() {
        table = (0...Self.steps).map { step in
            let z = -Double(Self.bound) + 2 * Double(Self.bound) * Double(step) / Double(Self.steps)
            return Float(0.5 * erfc(-z / 2.0.squareRoot()))
        }
    }

    /// The share of values below `z`; absolute error below 2e-3.
    @inline(__always)
    package func share(below z: Float) -> Float {
        let place = (z + Self.bound) * (Float(Self.steps) / (2 * Self.bound))
        guard place > 0 else { return table[0] }
        guard place < Float(Self.steps) else { return table[Self.steps] }
        return table[Int(place)]
    }
}

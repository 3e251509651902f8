#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The discrete Fourier transform of a square, complex, row-major array, in place.
///
/// Radix 2, so the side must be a power of two. It runs once per process (``CorrelatedField``); clarity
/// goes before speed.
struct FourierTransform {
    let side: Int
    private let roots: [(re: Double, im: Double)]

    init(side: Int) {
        precondition(side > 1 && side & (side - 1) == 0, "the side must be a power of two")
        self.side = side
        roots = (0..<side / 2).map { k in
            let angle = -2 * Double.pi * Double(k) / Double(side)
            return (cos(angle), sin(angle))
        }
    }

    /// Transforms rows, then columns. Forward, without scaling.
    func transform(re: inout [Double], im: inout [Double]) {
        for row in 0..<side { line(&re, &im, start: row * side, stride: 1) }
        for column in 0..<side { line(&re, &im, start: column, stride: side) }
    }

    private func line(_ re: inout [Double], _ im: inout [Double], start: Int, stride: Int) {
        var j = 0
        for i in 1..<side {
            var bit = side >> 1
            while j & bit != 0 {
                j ^= bit
                bit >>= 1
            }
            j |= bit
            if i < j {
                re.swapAt(start + i * stride, start + j * stride)
                im.swapAt(start + i * stride, start + j * stride)
            }
        }
        var length = 2
        while length <= side {
            let half = length / 2
            let step = side / length
            for block in Swift.stride(from: 0, to: side, by: length) {
                for k in 0..<half {
                    let w = roots[k * step]
                    let a = start + (block + k) * stride
                    let b = a + half * stride
                    let tr = re[b] * w.re - im[b] * w.im
                    let ti = re[b] * w.im + im[b] * w.re
                    re[b] = re[a] - tr
                    im[b] = im[a] - ti
                    re[a] += tr
                    im[a] += ti
                }
            }
            length <<= 1
        }
    }
}

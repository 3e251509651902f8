/// Sums over samples, for the tests of what is random.
enum Statistics {
    static func meanAndDeviation(_ samples: [Double]) -> (mean: Double, deviation: Double) {
        let mean = samples.reduce(0, +) / Double(samples.count)
        let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(samples.count)
        return (mean, variance.squareRoot())
    }

    /// Pearson's correlation.
    static func correlation(_ a: [Double], _ b: [Double]) -> Double {
        let (meanA, deviationA) = meanAndDeviation(a)
        let (meanB, deviationB) = meanAndDeviation(b)
        let covariance = zip(a, b).reduce(0) { $0 + ($1.0 - meanA) * ($1.1 - meanB) } / Double(a.count)
        return covariance / (deviationA * deviationB)
    }
}

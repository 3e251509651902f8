/// Names for what only its owner should find.
package enum UnguessableIdentifier {
    /// 128 bits of the system's generator as 32 hexadecimal digits: one level of topics, one segment of paths.
    package static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

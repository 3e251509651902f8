/// Names of the files in a log's directory.
enum LogFileName {
    static let lock = "LOCK"
    static let temporarySuffix = ".tmp"
    /// Set aside by a recovery that could not use it; ``LogConfiguration/quarantineFilesMax`` are kept.
    static let quarantineSuffix = ".damaged"
    private static let segmentSuffix = ".segment"
    private static let checkpointSuffix = ".checkpoint"

    /// The base in decimal, so that names sort as positions do and a person can compare them.
    static func segment(_ base: LogPosition) -> String { padded(base) + segmentSuffix }

    static func segmentBase(_ name: String) -> LogPosition? { number(name, segmentSuffix) }

    static func checkpoint(_ generation: UInt64) -> String { padded(generation) + checkpointSuffix }

    static func checkpointGeneration(_ name: String) -> UInt64? { number(name, checkpointSuffix) }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    private static func number(_ name: String, _ suffix: String) -> UInt64? {
        guard name.hasSuffix(suffix) else { return nil }
        let digits = name.dropLast(suffix.count)
        guard digits.utf8.count == 20, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return UInt64(digits)
    }
}

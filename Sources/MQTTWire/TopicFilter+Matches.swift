extension TopicFilter {
    /// Whether a message published to `name` matches, MQTT 5.0 section 4.7: the rule as the standard
    /// words it, byte for byte `[MQTT-4.7.3-4]`. The broker's index must agree with it.
    ///
    /// - Parameter name: A valid topic name.
    package func matches(_ name: some Collection<UInt8>) -> Bool {
        let slash = UInt8(ascii: "/")
        let levels = filter.split(separator: slash, omittingEmptySubsequences: false)
        let names = name.split(separator: slash, omittingEmptySubsequences: false)
        for (index, level) in levels.enumerated() {
            let isWildcard = level.elementsEqual("#".utf8) || level.elementsEqual("+".utf8)
            // [MQTT-4.7.2-1]: a wildcard in the first level passes over names that begin with '$'.
            if index == 0, isWildcard, name.first == UInt8(ascii: "$") { return false }
            // '#' is the parent and everything below it, section 4.7.1.2.
            if level.elementsEqual("#".utf8) { return true }
            guard index < names.count else { return false }
            guard isWildcard || level.elementsEqual(names[index]) else { return false }
        }
        return levels.count == names.count
    }

    package func matches(_ name: String) -> Bool { matches(Array(name.utf8)) }
}

extension MobilitySettings {
    /// Reads the `mobility` mapping of a scenario file; what it does not name keeps its default.
    init(_ map: YAMLMap) throws(ScenarioError) {
        self.init()
        try map.allow([
            "a3-offset", "hysteresis", "time-to-trigger", "b1-threshold", "b2-threshold-1",
            "b2-threshold-2", "filter-coefficient", "measurement-deviation", "preparation-time",
            "execution-time", "retry-time", "out-of-sync-sinr", "t310", "minimum-level",
            "secondary-cell-add-level", "secondary-cell-remove-level", "secondary-cells-max",
            "wifi-join-level", "wifi-leave-level", "report-cells-max",
        ])
        try read(map, "a3-offset", -15...15, \.a3Offset)
        try read(map, "hysteresis", 0...15, \.hysteresis)
        try read(map, "time-to-trigger", 0...5120, \.timeToTrigger)
        try read(map, "b1-threshold", -156 ... -31, \.b1Threshold)
        try read(map, "b2-threshold-1", -156 ... -31, \.b2Threshold1)
        try read(map, "b2-threshold-2", -140 ... -44, \.b2Threshold2)
        try read(map, "filter-coefficient", 0...19, \.filterCoefficient)
        try read(map, "measurement-deviation", 0...6, \.measurementDeviation)
        try read(map, "preparation-time", 0...10_000, \.preparationTime)
        try read(map, "execution-time", 0...10_000, \.executionTime)
        try read(map, "retry-time", 0...600_000, \.retryTime)
        try read(map, "out-of-sync-sinr", -20...10, \.outOfSyncSinr)
        try read(map, "t310", 0...6_000, \.t310)
        try read(map, "minimum-level", -156 ... -44, \.minimumLevel)
        try read(map, "secondary-cell-add-level", -140 ... -44, \.secondaryCellAddLevel)
        try read(map, "secondary-cell-remove-level", -140 ... -44, \.secondaryCellRemoveLevel)
        try read(map, "secondary-cells-max", 0...4, \.secondaryCellsMax)
        try read(map, "wifi-join-level", -100 ... -20, \.wifiJoinLevel)
        try read(map, "wifi-leave-level", -100 ... -20, \.wifiLeaveLevel)
        try read(map, "report-cells-max", 1...8, \.reportCellsMax)
    }

    private mutating func read(
        _ map: YAMLMap,
        _ key: String,
        _ range: ClosedRange<Double>,
        _ path: WritableKeyPath<MobilitySettings, Float>
    ) throws(ScenarioError) {
        if let value = try map.number(key, in: range) { self[keyPath: path] = Float(value) }
    }

    private mutating func read(
        _ map: YAMLMap,
        _ key: String,
        _ range: ClosedRange<Int>,
        _ path: WritableKeyPath<MobilitySettings, Int>
    ) throws(ScenarioError) {
        if let value = try map.integer(key, in: range) { self[keyPath: path] = value }
    }
}

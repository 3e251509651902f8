import MECModel

/// Makes the sources that the settings name.
enum RadioFeedSources {
    static func make(
        _ settings: RadioFeedSettings,
        inventory: RadioInventory,
        start: RadioTime
    ) throws(RadioFeedError) -> [any RadioSource] {
        var sources: [any RadioSource] = []
        for feed in settings.scenarios {
            sources.append(try scenario(feed, settings.limits, inventory, start))
        }
        for feed in settings.driveTests {
            sources.append(
                try wrapped { () throws(InputError) in
                    try DriveTestReplay(
                        FileBytes(path: feed.file),
                        file: feed.file,
                        settings: feed.replay,
                        start: start,
                        inventory: inventory
                    )
                }
            )
        }
        for feed in settings.kpms {
            sources.append(
                try wrapped { () throws(InputError) in
                    var files: [KPMReplay.File] = []
                    for path in feed.files {
                        files.append(KPMReplay.File(name: path, bytes: try FileBytes(path: path)))
                    }
                    return try KPMReplay(
                        files,
                        cell: feed.cell,
                        settings: feed.replay,
                        start: start,
                        inventory: inventory
                    )
                }
            )
        }
        for feed in settings.baseStations {
            sources.append(
                try wrapped { () throws(InputError) in
                    BaseStationSource(
                        try transport(feed),
                        settings: feed.gnb,
                        pollSeconds: feed.pollSeconds,
                        start: start,
                        inventory: inventory
                    )
                }
            )
        }
        return sources
    }

    private static func scenario(
        _ feed: RadioFeedSettings.ScenarioFeed,
        _ limits: Scenario.Limits,
        _ inventory: RadioInventory,
        _ start: RadioTime
    ) throws(RadioFeedError) -> ScenarioSource {
        do {
            if feed.syntheticTerminals > 0 {
                return try ScenarioSource(
                    SyntheticCity(cells: feed.syntheticCells, terminals: feed.syntheticTerminals).scenario(),
                    settings: feed.simulation,
                    speed: feed.speed,
                    start: start,
                    inventory: inventory
                )
            }
            let file = feed.file ?? MonacoScenario.file
            let text =
                try feed.file.map { path throws(InputError) in try read(path, limits.fileBytes) }
                ?? MonacoScenario.text
            let scenario = try ScenarioFile.read(text, file: file, limits: limits)
            return try ScenarioSource(
                scenario,
                settings: feed.simulation,
                speed: feed.speed,
                start: start,
                inventory: inventory
            )
        } catch let error as ScenarioError {
            throw RadioFeedError("scenario \(error)")
        } catch let error as InputError {
            throw RadioFeedError("scenario: \(error)")
        } catch {
            throw RadioFeedError("scenario \(feed.file ?? MonacoScenario.file): \(error)")
        }
    }

    private static func transport(_ feed: RadioFeedSettings.BaseStationFeed) throws(InputError)
        -> BaseStationSource.Transport
    {
        switch feed.transport {
        case .udp(let address, let port): .udp(try UDPReceiver(address: address, port: port))
        case .file(let path): .file(FileTail(path: path, lineBytesMax: feed.gnb.messageBytesMax), path: path)
        }
    }

    private static func read(_ path: String, _ bytesMax: Int) throws(InputError) -> String {
        var file = try FileBytes(path: path)
        var bytes: [UInt8] = []
        while true {
            let piece = try file.read(atMost: 1 << 20)
            if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece
            guard bytes.count <= bytesMax else {
                throw InputError(
                    "\(path) has more than \(bytesMax) bytes; radio.limits.fileBytes sets that limit"
                )
            }
        }
    }

    private static func wrapped<Source>(_ body: () throws(InputError) -> Source) throws(RadioFeedError)
        -> Source
    {
        do { return try body() } catch { throw RadioFeedError("radio feed: \(error)") }
    }
}

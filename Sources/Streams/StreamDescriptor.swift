import Journal

/// What the catalogue's file says of one stream.
struct StreamDescriptor: Sendable, Equatable {
    var number: UInt32
    /// The settings named it when the site was opened last.
    var isConfigured: Bool
    var configuration: StreamConfiguration

    /// The lines that describe the stream in the catalogue's file.
    fileprivate var text: String {
        var lines = [
            "stream \(number) \(isConfigured ? "configured" : "created") \(configuration.name)",
            "durability \(configuration.durability.rawValue)", "bytes \(configuration.bytesMaximum)",
            "full \(configuration.whenFull.rawValue)", "history \(configuration.keepsHistory ? "yes" : "no")",
        ]
        if let age = configuration.ageMaximum { lines.append("age \(age.wholeMilliseconds)") }
        lines += configuration.filters.map { "filter \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The file that lists a site's streams: text, one `key value` a line, replaced as a whole.
struct StreamList: Sendable, Equatable {
    private static let fileName = "catalogue"

    var descriptors: [StreamDescriptor] = []

    /// - Throws: ``StreamError/journal(_:)`` where the file cannot be read or understood.
    static func read(in directory: String, on disk: any Disk) throws(StreamError) -> StreamList {
        let path = "\(directory)/\(fileName)"
        let bytes: [UInt8]
        do throws(DiskError) {
            try disk.createDirectory(directory)
            let file = try disk.open(path, .read)
            bytes = try file.read(count: Int(try file.size()), at: 0)
        } catch {
            if error.isMissing { return StreamList() }
            throw .journal(error.description)
        }
        guard let list = StreamList(text: String(decoding: bytes, as: UTF8.self)) else {
            throw .journal(
                "\"\(path)\" does not list streams as this Weir does; it was written by another version, or by hand"
            )
        }
        return list
    }

    func write(in directory: String, on disk: any Disk) throws(StreamError) {
        let path = "\(directory)/\(Self.fileName)"
        do throws(DiskError) {
            do throws(DiskError) {
                try disk.remove(path + ".tmp")
            } catch {
                guard error.isMissing else { throw error }
            }
            let file = try disk.open(path + ".tmp", .create)
            try file.write(Array(descriptors.map(\.text).joined().utf8), at: 0)
            try file.sync()
            try disk.rename(path + ".tmp", to: path)
            try disk.syncDirectory(directory)
        } catch {
            throw .journal(error.description)
        }
    }

    init() {}

    private init?(text: String) {
        for line in text.split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { return nil }
            let value = line[line.index(after: space)...]
            if line[..<space] == "stream" {
                let parts = value.split(separator: " ")
                guard parts.count == 3, let number = UInt32(parts[0]) else { return nil }
                descriptors.append(
                    StreamDescriptor(
                        number: number,
                        isConfigured: parts[1] == "configured",
                        configuration: StreamConfiguration(name: String(parts[2]), filters: [])
                    )
                )
                continue
            }
            guard !descriptors.isEmpty,
                Self.set(line[..<space], value, &descriptors[descriptors.count - 1].configuration)
            else { return nil }
        }
    }

    private static func set(
        _ key: Substring,
        _ value: Substring,
        _ configuration: inout StreamConfiguration
    ) -> Bool {
        switch key {
        case "durability":
            guard let durability = Durability(rawValue: String(value)) else { return false }
            configuration.durability = durability
        case "bytes":
            guard let bytes = UInt64(value) else { return false }
            configuration.bytesMaximum = bytes
        case "age":
            guard let milliseconds = Int64(value) else { return false }
            configuration.ageMaximum = .milliseconds(milliseconds)
        case "full":
            guard let policy = FullPolicy(rawValue: String(value)) else { return false }
            configuration.whenFull = policy
        case "history": configuration.keepsHistory = value == "yes"
        case "filter": configuration.filters.append(String(value))
        default: return false
        }
        return true
    }
}

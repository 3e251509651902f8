internal import Glibc

/// Who this site is, and the epochs of its lanes: `DATA/uplink/site`, a few lines of text.
package final class SiteFile {
    private let path: String
    package let instance: SiteInstance
    private var epochs: [String: UInt64]

    /// Reads the file, or makes it with a new instance.
    ///
    /// - Throws: ``SiteFileError`` where the directory or the file cannot be used.
    package init(directory: String, using random: inout some RandomNumberGenerator) throws(SiteFileError) {
        path = "\(directory)/site"
        guard mkdir(directory, 0o750) == 0 || errno == EEXIST else { throw SiteFileError(directory, "made") }
        var found: SiteInstance?
        var epochs: [String: UInt64] = [:]
        if let text = try Self.read(path) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                switch (words.first, words.count) {
                case ("instance", 2): found = SiteInstance(String(words[1]))
                case ("lane", 3): epochs[String(words[1])] = UInt64(words[2], radix: 16)
                default: break
                }
            }
        }
        // A file that cannot be understood belongs to a site that must begin anew.
        instance = found ?? SiteInstance(using: &random)
        self.epochs = found == nil ? [:] : epochs
        if found == nil { try write() }
    }

    package func epoch(of lane: String) -> UInt64? { epochs[lane] }

    /// Keeps a lane's epoch; on the disk when this returns.
    package func setEpoch(_ epoch: UInt64, of lane: String) throws(SiteFileError) {
        epochs[lane] = epoch
        try write()
    }

    private static func read(_ path: String) throws(SiteFileError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw SiteFileError(path, "read") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw SiteFileError(path, "read") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// By way of another file, so that a power cut leaves the old one or the new one.
    private func write() throws(SiteFileError) {
        var text = "instance \(instance)\n"
        for (lane, epoch) in epochs.sorted(by: { $0.key < $1.key }) {
            text += "lane \(lane) \(String(epoch, radix: 16))\n"
        }
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw SiteFileError(temporary, "written") }
        let bytes = Array(text.utf8)
        let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let failure = errno
        close(descriptor)
        errno = failure
        guard isWritten, rename(temporary, path) == 0 else { throw SiteFileError(path, "written") }
        let directory = open(String(path.dropLast("/site".count)), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw SiteFileError(path, "written") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw SiteFileError(path, "written") }
    }
}

/// The site's file cannot be used.
package struct SiteFileError: Error, CustomStringConvertible {
    package let description: String

    init(_ path: String, _ verb: String) {
        description =
            "\"\(path)\" cannot be \(verb) (\(String(cString: strerror(errno)))); check its owner and the disk."
    }
}

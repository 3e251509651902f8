internal import Glibc
import Reactor

/// Finds the process that listens on a port, as far as this user may see it.
enum PortOwner {
    /// - Returns: For example `mosquitto (pid 812)`; `nil` where it cannot be seen.
    static func find(_ address: SocketAddress) -> String? {
        guard let port = address.port else { return nil }
        let inodes = Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeningInodes($0, port: port) })
        guard !inodes.isEmpty else { return nil }
        for name in entries("/proc") where name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            for descriptor in entries("/proc/\(name)/fd") {
                guard let target = link("/proc/\(name)/fd/\(descriptor)"), target.hasPrefix("socket:["),
                    inodes.contains(String(target.dropFirst(8).dropLast()))
                else { continue }
                let command = read("/proc/\(name)/comm").split(separator: "\n").first.map(String.init) ?? "?"
                return "\(command) (pid \(name))"
            }
        }
        return nil
    }

    /// Column 2 is `address:port` in hexadecimal, 4 the state (0A: listening), 10 the inode.
    private static func listeningInodes(_ file: String, port: UInt16) -> [String] {
        read(file).split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 9, columns[3] == "0A",
                let shown = columns[1].split(separator: ":").last, UInt16(shown, radix: 16) == port
            else { return nil }
            return String(columns[9])
        }
    }

    private static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.first != "." { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(path, $0, 127) } ?? -1
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0, text.count < 16 << 20
        {
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

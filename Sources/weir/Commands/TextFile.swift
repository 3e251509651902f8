import Glibc
import Supervision

/// Whole files of text, read and written in one go.
enum TextFile {
    /// - Throws: ``SystemError``; a file over `limit` bytes or with bytes that are not UTF-8 is `EFBIG` or `EILSEQ`.
    static func read(_ path: String, limit: Int) throws -> String {
        let descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("cannot read \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("cannot read \(path)") }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw SystemError("cannot read \(path)", code: EFBIG) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SystemError("cannot read \(path) as UTF-8", code: EILSEQ)
        }
        return text
    }

    /// Puts `text` in the place of whatever was at `path`, so that a reader sees the old or the new, never half.
    static func replace(_ path: String, with text: String) throws {
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw SystemError("cannot write \(temporary)") }
        var offset = 0
        let bytes = Array(text.utf8)
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = SystemError("cannot write \(temporary)")
                close(descriptor)
                unlink(temporary)
                throw error
            }
            offset += count
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else { throw SystemError("cannot write \(path)") }
    }
}

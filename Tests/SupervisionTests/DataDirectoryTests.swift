import Glibc
import Supervision
import Testing

@Suite struct DataDirectoryTests {
    private func temporary() throws -> String {
        var template = Array("/tmp/weir-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `a directory is made, locked, and free again afterwards`() throws {
        let path = try temporary() + "/a/b"
        #expect(try DataDirectory.runningServer(on: path) == nil)
        do {
            let directory = try DataDirectory(locking: path)
            #expect(directory.path == path)
            #expect(try DataDirectory.runningServer(on: path) == getpid())
        }
        #expect(try DataDirectory.runningServer(on: path) == nil)
        _ = try DataDirectory(locking: path)
    }

    @Test func `a second server on the same directory is refused and told who has it`() throws {
        let path = try temporary()
        let first = try DataDirectory(locking: path)
        let error = try #require(throws: DataDirectoryError.self) { _ = try DataDirectory(locking: path) }
        #expect(error == .inUse(path: path, pid: getpid()))
        #expect(
            error.description == """
                data directory "\(path)" is in use by another server (pid \(getpid())); stop that one, or give this \
                one a directory of its own with --data.
                """
        )
        _ = consume first
    }

    @Test func `a file in the place of the directory is told`() throws {
        let path = try temporary() + "/file"
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        let error = try #require(throws: DataDirectoryError.self) {
            _ = try DataDirectory(locking: path + "/data")
        }
        #expect(error.description.contains("cannot make the directory \(path)/data: Not a directory"))
    }
}

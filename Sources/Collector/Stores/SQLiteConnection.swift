internal import CSQLite
internal import Glibc

/// One connection to one SQLite file.
final class SQLiteConnection {
    let path: String
    fileprivate let handle: OpaquePointer

    init(path: String, readOnly: Bool) throws {
        self.path = path
        var handle: OpaquePointer?
        let flags = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle else {
            let reason = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close(handle)
            throw DatabaseError("\"\(path)\" cannot be opened: \(reason); check the path and its owner.")
        }
        self.handle = handle
        // Another collector, or somebody's shell, may hold the file for a moment.
        sqlite3_busy_timeout(handle, 10_000)
    }

    deinit { sqlite3_close_v2(handle) }

    var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

    func run(_ text: String) throws {
        guard sqlite3_exec(handle, text, nil, nil, nil) == SQLITE_OK else { throw error() }
    }

    func prepare(_ text: String) throws -> SQLiteStatement { try SQLiteStatement(self, text) }

    func number(_ text: String) throws -> Int64 {
        let statement = try prepare(text)
        return try statement.step() ? statement.number(0) : 0
    }

    fileprivate func error() -> DatabaseError {
        let code = sqlite3_errcode(handle) & 0xFF
        let isPermanent = code == SQLITE_CONSTRAINT || code == SQLITE_TOOBIG || code == SQLITE_MISMATCH
        return DatabaseError(
            "\"\(path)\": \(String(cString: sqlite3_errmsg(handle)))",
            isPermanent: isPermanent
        )
    }
}

/// A prepared statement. Parameters count from 1, columns from 0.
final class SQLiteStatement {
    private let connection: SQLiteConnection
    private let handle: OpaquePointer

    fileprivate init(_ connection: SQLiteConnection, _ text: String) throws {
        self.connection = connection
        var handle: OpaquePointer?
        guard
            sqlite3_prepare_v3(connection.handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
                == SQLITE_OK,
            let handle
        else { throw connection.error() }
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    @inline(__always)
    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

    func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

    func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { bytes in
                _ = weir_sqlite_bind_text(handle, index, bytes.baseAddress, Int32(bytes.count))
            }
        }
    }

    func bind(_ index: Int32, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            _ = sqlite3_bind_blob64(
                handle,
                index,
                bytes.baseAddress,
                sqlite3_uint64(bytes.count),
                unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            )
        }
    }

    /// Binds memory that stays as it is until the statement has run.
    @inline(__always)
    func bindInPlace(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        _ = weir_sqlite_bind_blob_static(handle, index, bytes.baseAddress, Int32(bytes.count))
    }

    /// - Returns: whether there is a row.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            defer { sqlite3_reset(handle) }
            throw connection.error()
        }
    }

    /// Runs a statement without rows.
    @inline(__always)
    func run() throws {
        let code = sqlite3_step(handle)
        if code != SQLITE_DONE, code != SQLITE_ROW {
            let error = connection.error()
            sqlite3_reset(handle)
            throw error
        }
        sqlite3_reset(handle)
    }

    func reset() { sqlite3_reset(handle) }

    func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func text(_ column: Int32) -> String {
        sqlite3_column_text(handle, column).map { String(cString: $0) } ?? ""
    }

    func blob(_ column: Int32) -> [UInt8] {
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count > 0, let bytes = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}

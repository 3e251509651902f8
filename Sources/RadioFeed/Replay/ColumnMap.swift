/// Which column of a CSV file holds which field.
///
/// Names are compared without regard to case and surrounding blanks. The configuration may name a
/// column for each field; what it does not name has the name of the tool that writes such files.
package struct ColumnMap: Sendable {
    private let places: [String: Int]
    /// Columns in the header that nothing here knows.
    package let unknown: [String]

    /// - Parameters:
    ///   - header: The first record.
    ///   - names: Field to column name.
    ///   - known: Columns that may be there and are not used.
    ///   - required: Fields without which the file is of no use.
    /// - Throws: ``InputError`` that names the columns which are missing.
    package init(
        header: [String],
        names: [String: String],
        known: Set<String>,
        required: [String]
    ) throws(InputError) {
        var columns: [String: Int] = [:]
        for (place, name) in header.enumerated() {
            let key = Self.key(name)
            if !key.isEmpty, columns[key] == nil { columns[key] = place }
        }
        var places: [String: Int] = [:]
        for (field, column) in names {
            if let place = columns[Self.key(column)] { places[field] = place }
        }
        let missing = required.filter { places[$0] == nil }
        guard missing.isEmpty else {
            let wanted = missing.sorted().map { "\"\(names[$0] ?? $0)\" for \($0)" }.joined(separator: ", ")
            let found = header.prefix(40).map { $0.prefix(40) }.joined(separator: ", ")
            throw InputError(
                "the header lacks the column \(wanted); found \(found); name the right column in the "
                    + "configuration (columns)"
            )
        }
        self.places = places
        let used = Set(names.values.map(Self.key)).union(known.map(Self.key))
        unknown = header.filter { !Self.key($0).isEmpty && !used.contains(Self.key($0)) }
    }

    /// The text of a field; `nil` when the file or the record has no such column, or it says `-` or nothing.
    package func text(_ field: String, _ record: CSVReader.Record) -> String? {
        guard let place = places[field], place < record.fields.count else { return nil }
        let text = Self.trim(record.fields[place])
        return text.isEmpty || text == "-" ? nil : text
    }

    private static func key(_ name: String) -> String { trim(name).lowercased() }

    private static func trim(_ text: String) -> String {
        var view = text[...]
        while let first = view.first, first == " " || first == "\t" || first == "\u{FEFF}" {
            view.removeFirst()
        }
        while let last = view.last, last == " " || last == "\t" || last == "\r" { view.removeLast() }
        return String(view)
    }
}

/// Numbers out of text, or what is wrong with them.
enum FieldNumber {
    /// A finite number in `range`.
    static func number(_ text: String, in range: ClosedRange<Double>) -> Double? {
        guard text.utf8.count <= 64, let value = Double(text), range.contains(value) else { return nil }
        return value
    }

    static func integer(_ text: String, in range: ClosedRange<UInt64>) -> UInt64? {
        guard text.utf8.count <= 20, let value = UInt64(text), range.contains(value) else { return nil }
        return value
    }
}

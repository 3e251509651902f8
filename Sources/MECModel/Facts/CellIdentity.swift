/// What kind of radio a point of access speaks.
package enum RadioAccess: UInt8, Sendable, Hashable, CaseIterable, BitwiseCopyable {
    /// E-UTRA (4G): its identity is an ECGI.
    case eutra = 1
    /// NR (5G): its identity is an NCGI.
    case nr = 2
    /// IEEE 802.11: its identity is a BSSID.
    case wifi = 3
}

/// The global identity of a point of access in one word: ECGI, NCGI or BSSID.
///
/// - E-UTRA: PLMN and a 28-bit `cellId`, MEC 012 6.5.6, TS 36.413.
/// - NR: PLMN and a 36-bit `nrCellId`, MEC 012 6.5.7, TS 38.423.
/// - Wi-Fi: a 48-bit MAC address and no PLMN.
package struct CellIdentity: Hashable, Sendable, BitwiseCopyable {
    package let access: RadioAccess
    private let plmnBits: UInt32
    /// The cell's number without its PLMN: 28, 36 or 48 bits.
    package let number: UInt64

    package static let cellIdMax: UInt64 = (1 << 28) - 1
    package static let nrCellIdMax: UInt64 = (1 << 36) - 1
    package static let macAddressMax: UInt64 = (1 << 48) - 1

    /// - Returns: `nil` when `cellId` needs more than 28 bits.
    package static func ecgi(_ plmn: Plmn, cellId: UInt64) -> CellIdentity? {
        guard cellId <= cellIdMax else { return nil }
        return CellIdentity(access: .eutra, plmnBits: plmn.packedValue, number: cellId)
    }

    /// - Returns: `nil` when `nrCellId` needs more than 36 bits.
    package static func ncgi(_ plmn: Plmn, nrCellId: UInt64) -> CellIdentity? {
        guard nrCellId <= nrCellIdMax else { return nil }
        return CellIdentity(access: .nr, plmnBits: plmn.packedValue, number: nrCellId)
    }

    /// - Returns: `nil` when `macAddress` needs more than 48 bits.
    package static func bssid(_ macAddress: UInt64) -> CellIdentity? {
        guard macAddress <= macAddressMax else { return nil }
        return CellIdentity(access: .wifi, plmnBits: .max, number: macAddress)
    }

    private init(access: RadioAccess, plmnBits: UInt32, number: UInt64) {
        self.access = access
        self.plmnBits = plmnBits
        self.number = number
    }

    /// `nil` for Wi-Fi.
    package var plmn: Plmn? { Plmn(packed: plmnBits) }

    /// The number as hexadecimal digits, most significant first: 7 for E-UTRA, 9 for NR, 12 for Wi-Fi.
    ///
    /// MEC 012 calls it a string of a bit string of size 28 (36); seven (nine) hexadecimal digits
    /// hold it exactly and are what the ETSI sandbox writes.
    package var numberText: String {
        let digits = access == .eutra ? 7 : access == .nr ? 9 : 12
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}

extension CellIdentity: CustomStringConvertible {
    /// PLMN digits and the number: "20801" + "002343c"; the accessPointId of MEC 013 ("the ECGI").
    package var description: String { (plmn?.description ?? "") + numberText }
}

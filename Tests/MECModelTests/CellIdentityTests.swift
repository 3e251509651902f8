import MECModel
import Testing

struct CellIdentityTests {
    struct PlmnCase: CustomTestStringConvertible, Sendable {
        let name: String
        let mcc: String
        let mnc: String
        let text: String?
        var testDescription: String { name }
    }

    @Test(arguments: [
        PlmnCase(name: "two digit network code", mcc: "208", mnc: "01", text: "20801"),
        PlmnCase(name: "three digit network code is another network", mcc: "208", mnc: "001", text: "208001"),
        PlmnCase(name: "leading zeros stay", mcc: "001", mnc: "01", text: "00101"),
        PlmnCase(name: "country code too short", mcc: "20", mnc: "01", text: nil),
        PlmnCase(name: "network code too short", mcc: "208", mnc: "1", text: nil),
        PlmnCase(name: "network code too long", mcc: "208", mnc: "0001", text: nil),
        PlmnCase(name: "not digits", mcc: "2o8", mnc: "01", text: nil),
        PlmnCase(name: "not ASCII digits", mcc: "٢٠٨", mnc: "01", text: nil),
    ])
    func `a PLMN keeps its digits`(_ testCase: PlmnCase) {
        let plmn = Plmn(mcc: testCase.mcc, mnc: testCase.mnc)
        #expect(plmn?.description == testCase.text)
        #expect(plmn?.mcc == testCase.text.map { _ in testCase.mcc })
        #expect(plmn?.mnc == testCase.text.map { _ in testCase.mnc })
        if let text = testCase.text { #expect(Plmn(text) == plmn) }
    }

    @Test func `a cellId has 28 bits and an nrCellId 36`() throws {
        let plmn = try #require(Plmn("20801"))
        #expect(CellIdentity.ecgi(plmn, cellId: 0xFFF_FFFF)?.numberText == "fffffff")
        #expect(CellIdentity.ecgi(plmn, cellId: 0x1000_0000) == nil)
        #expect(CellIdentity.ncgi(plmn, nrCellId: 0xF_FFFF_FFFF)?.numberText == "fffffffff")
        #expect(CellIdentity.ncgi(plmn, nrCellId: 0x10_0000_0000) == nil)
        #expect(CellIdentity.bssid(0x1_0000_0000_0000) == nil)
    }

    @Test func `an identity writes itself as PLMN and padded number`() throws {
        let plmn = try #require(Plmn("00101"))
        #expect(CellIdentity.ecgi(plmn, cellId: 0x2343)?.description == "001010002343")
        #expect(CellIdentity.ncgi(plmn, nrCellId: 0x2343)?.description == "00101000002343")
        let accessPoint = try #require(CellIdentity.bssid(0xA0_01))
        #expect(accessPoint.description == "00000000a001")
        #expect(accessPoint.plmn == nil)
    }

    @Test func `the same number means different cells under another radio or PLMN`() throws {
        let plmn = try #require(Plmn("00101"))
        let other = try #require(Plmn("001001"))
        #expect(CellIdentity.ecgi(plmn, cellId: 7) != CellIdentity.ncgi(plmn, nrCellId: 7))
        #expect(CellIdentity.ecgi(plmn, cellId: 7) != CellIdentity.ecgi(other, cellId: 7))
    }
}
